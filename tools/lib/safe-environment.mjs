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

/** The kept names of `from`, those of `alsoKept`, and what is set on purpose. */
export function safeEnvironment(set = {}, { from = process.env, alsoKept = [] } = {}) {
  const isKept = (name) => KEPT.includes(name) || name.startsWith('LC_') || alsoKept.includes(name);
  const kept = Object.fromEntries(Object.entries(from).filter(([name]) => isKept(name)));
  return { ...kept, ...DEAD_ENDS, ...set };
}
