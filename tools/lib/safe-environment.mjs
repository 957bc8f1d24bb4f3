// The environment of everything `npm start` runs: a short list of names from ours, so that nothing in a developer's shell
// can lead it to a real account, cluster or database, and dead ends where AWS's libraries would look by themselves.

const KEPT = [
  'PATH',
  'HOME',
  'USER',
  'LOGNAME',
  'SHELL',
  'LANG',
  'TERM',
  'TZ',
  'TMPDIR',
  'TMP',
  'TEMP',
  'SystemRoot',
  'XDG_CACHE_HOME',
];

const DEAD_ENDS = {
  AWS_EC2_METADATA_DISABLED: 'true',
  AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
  AWS_CONFIG_FILE: '/dev/null',
  KUBECONFIG: '/dev/null',
};

// the SDK's notice that a coming version will need a newer Node: for those who choose the version, not for those who try it
const QUIET = { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' };

const OUTSIDE = /^(AWS_|SLUICE_|PG|DATABASE_URL$|KUBECONFIG$)/;

/** Takes out of our own environment what could lead our own requests elsewhere. */
export function forgetOutside(env = process.env) {
  for (const name of Object.keys(env)) if (OUTSIDE.test(name)) delete env[name];
  Object.assign(env, DEAD_ENDS, QUIET);
}

/**
 * The kept names of `from`, those of `alsoKept`, and what is set on purpose.
 * @param {Record<string, string>} set
 * @param {{ from?: NodeJS.ProcessEnv, alsoKept?: string[] }} options
 * @returns {Record<string, string>}
 */
export function safeEnvironment(set = {}, { from = process.env, alsoKept = [] } = {}) {
  const isKept = (name) => KEPT.includes(name) || name.startsWith('LC_') || alsoKept.includes(name);
  const kept = Object.fromEntries(Object.entries(from).filter(([name]) => isKept(name)));
  return { ...kept, ...DEAD_ENDS, ...QUIET, ...set };
}
