/**
 * The arrows of the design: domain <- control <- {aws, kubernetes, postgres} <- apps; contracts sees domain and zod;
 * adapters never see each other; Prisma's types never leave libs/postgres; the sandbox imports none of our libraries.
 * Tests (`*.spec.ts`, `test/`, and their helpers in folders `src/testing` and `scenarios`) may also use libs/testing, otherwise they keep to the arrows of what they test.
 */
const SPEC = '[.]spec[.]tsx?$|/src/testing/|/scenarios/';
const ADAPTERS = ['aws', 'kubernetes', 'postgres'];
const lib = (...names) => `^libs/(${names.join('|')})/`;

const only = (name, comment, from, allowed) => ({
  name,
  comment,
  severity: 'error',
  from: { path: from, pathNot: SPEC },
  to: { pathNot: allowed },
});

module.exports = {
  forbidden: [
    only('domain-imports-nothing', 'libs/domain has no dependency of any kind', lib('domain'), [lib('domain')]),
    only('control-sees-domain-alone', 'libs/control: ports and use cases, no framework and no SDK', lib('control'), [
      lib('control', 'domain'),
      '^(node:)?(crypto|events|util|timers|async_hooks|perf_hooks)(/promises)?$',
    ]),
    only(
      'contracts-depend-on-domain-and-zod',
      'libs/contracts is also the client: the lists of the domain, zod and nothing else',
      lib('contracts'),
      [lib('contracts', 'domain'), '^node_modules/zod/'],
    ),
    ...ADAPTERS.map((adapter) => ({
      name: `${adapter}-sees-no-other-adapter`,
      comment: 'an adapter sees control and domain, never another adapter, the contracts or an app',
      severity: 'error',
      from: { path: lib(adapter), pathNot: SPEC },
      to: { path: '^(libs|apps|test|tools)/', pathNot: [lib(adapter, 'control', 'domain')] },
    })),
    {
      name: 'adapter-tests-see-no-other-adapter',
      comment: "an adapter's tests may use libs/testing, but no other adapter",
      severity: 'error',
      from: { path: `^libs/(${ADAPTERS.join('|')})/.*[.]spec[.]ts$` },
      to: { path: '^(libs|apps)/', pathNot: ['^libs/$1/', lib('control', 'domain', 'testing')] },
    },
    {
      name: 'testing-sees-the-core-alone',
      comment: 'libs/testing knows control and domain, no adapter',
      severity: 'error',
      from: { path: lib('testing') },
      to: { path: '^(libs|apps)/', pathNot: [lib('testing', 'control', 'domain')] },
    },
    {
      name: 'testing-is-for-tests',
      comment: 'nothing that runs for real depends on libs/testing',
      severity: 'error',
      from: { path: '^(libs|apps)/', pathNot: [SPEC, lib('testing')] },
      to: { path: lib('testing') },
    },
    {
      name: 'sandbox-stands-alone',
      comment: 'the sandbox is a stand-in for AWS and Kubernetes: it meets us over the wire only',
      severity: 'error',
      from: { path: '^apps/sandbox/' },
      to: { path: '^libs/' },
    },
    {
      name: 'dashboard-sees-contracts-alone',
      comment: 'a browser has no use for the rest',
      severity: 'error',
      from: { path: '^apps/dashboard/' },
      to: { path: '^libs/', pathNot: lib('contracts') },
    },
    {
      name: 'apps-never-see-each-other',
      severity: 'error',
      from: { path: '^apps/([^/]+)/' },
      to: { path: '^apps/', pathNot: '^apps/$1/' },
    },
    { name: 'libs-never-see-apps', severity: 'error', from: { path: '^libs/' }, to: { path: '^(apps|test|tools)/' } },
    {
      name: 'prisma-stays-in-postgres',
      comment: "Prisma's types never leave libs/postgres",
      severity: 'error',
      from: { path: '^(libs|apps|test)/', pathNot: '^libs/postgres/' },
      to: { path: '^(libs/postgres/src/generated/|node_modules/@?prisma/)' },
    },
    {
      name: 'libraries-only-by-their-front-door',
      comment: 'another workspace is imported by its name, so through its index',
      severity: 'error',
      from: { path: '^(libs|apps)/([^/]+)/' },
      to: { path: '^libs/', pathNot: ['^$1/$2/', '^libs/[^/]+/src/index[.]ts$'] },
    },
    {
      name: 'no-circles',
      severity: 'error',
      from: { pathNot: '/generated/' },
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'tests-are-not-imported',
      comment: 'what runs for real imports no test and no helper of tests',
      severity: 'error',
      from: { path: '^(libs|apps)/', pathNot: SPEC },
      to: { path: SPEC },
    },
    { name: 'everything-resolves', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: ['node_modules', '/generated/', '/dist/'] },
    exclude: { path: ['/dist/'] },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.check.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['types', 'import', 'node', 'default'],
      extensions: ['.ts', '.tsx', '.js', '.mjs', '.json', '.css'],
    },
  },
};
