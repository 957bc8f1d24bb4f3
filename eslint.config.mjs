// Lint: TypeScript with type information, and the rules of the house that a linter can see.
import js from '@eslint/js';
import tseslint from 'typescript-eslint';

const DOUBLE_ASSERTION = {
  selector: 'TSAsExpression > TSAsExpression > TSUnknownKeyword',
  message: '`as unknown as` hides a wrong type: parse it, narrow it, or fix the type.',
};

/** The domain has no clock, no I/O and no randomness: all of these are handed in, so that a run can be repeated. */
const IMPURE_GLOBALS = [
  ...['process', 'console', 'fetch', 'performance', 'crypto', 'Buffer', 'globalThis'],
  ...['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask'],
].map((name) => ({ name, message: 'libs/domain is pure: hand in what it needs.' }));

const IMPURE_SYNTAX = [
  {
    selector: "NewExpression[callee.name='Date'][arguments.length=0]",
    message: 'libs/domain has no clock: take `now` as an argument.',
  },
  { selector: "CallExpression[callee.name='Date']", message: 'libs/domain has no clock: take `now` as an argument.' },
  { selector: 'ImportExpression', message: 'libs/domain imports nothing.' },
];

export default tseslint.config(
  {
    ignores: [
      '**/dist/**',
      '**/node_modules/**',
      'libs/postgres/src/generated/**',
      '.cache/**',
      '.sluice/**',
      'coverage/**',
    ],
  },
  js.configs.recommended,
  {
    rules: {
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-console': 'off',
      'no-restricted-syntax': ['error', DOUBLE_ASSERTION],
    },
  },
  {
    files: ['**/*.mjs', '**/*.cjs', '**/*.js'],
    languageOptions: { globals: nodeGlobals() },
    rules: { 'no-unused-vars': ['error', { argsIgnorePattern: '^_', ignoreRestSiblings: true }] },
  },
  {
    files: ['{libs,apps,test}/**/*.{ts,tsx}'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: {
      parserOptions: {
        project: ['./tsconfig.check.json', './apps/dashboard/tsconfig.json'],
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', ignoreRestSiblings: true }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      // an implementation of an asynchronous port may have nothing to wait for
      '@typescript-eslint/require-await': 'off',
      // we write closures with methods' syntax; those that use `this` are classes, and called on their objects
      '@typescript-eslint/unbound-method': 'off',
    },
  },
  {
    files: ['libs/*/src/**/*.ts', 'apps/api/src/**/*.ts'],
    ignores: ['**/*.spec.ts'],
    rules: { 'no-console': 'error' },
  },
  {
    files: ['**/*.spec.ts', '**/*.spec.tsx', 'test/**/*.ts', 'libs/testing/**/*.ts'],
    rules: {
      // replies read in a test are checked by its expectations
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-redundant-type-constituents': 'off',
    },
  },
  {
    files: ['libs/domain/src/**/*.ts'],
    ignores: ['**/*.spec.ts'],
    rules: {
      'no-restricted-imports': ['error', { patterns: [{ regex: '^[^.]', message: 'libs/domain imports nothing.' }] }],
      'no-restricted-globals': ['error', ...IMPURE_GLOBALS],
      'no-restricted-properties': [
        'error',
        { object: 'Date', property: 'now', message: 'libs/domain has no clock: take `now` as an argument.' },
        { object: 'Math', property: 'random', message: 'libs/domain has no randomness: take it as an argument.' },
      ],
      'no-restricted-syntax': ['error', DOUBLE_ASSERTION, ...IMPURE_SYNTAX],
    },
  },
  {
    // the tools' own tests reach into plain JavaScript, which has no types to check against
    files: ['tools/**/*.ts'],
    extends: [tseslint.configs.recommended],
  },
);

function nodeGlobals() {
  const names = [
    ...[
      'process',
      'console',
      'Buffer',
      'URL',
      'URLSearchParams',
      'fetch',
      'performance',
      'AbortSignal',
      'AbortController',
    ],
    ...[
      'setTimeout',
      'clearTimeout',
      'setInterval',
      'clearInterval',
      'setImmediate',
      'WebAssembly',
      'TextDecoder',
      'structuredClone',
    ],
  ];
  return Object.fromEntries(names.map((name) => [name, 'readonly']));
}
