// The shop whose cluster is replaced: a hundred Services behind three load balancers.
const AREAS =
  'account basket billing catalog checkout content coupon delivery feed gift inventory loyalty media order payment price profile review search stock'.split(
    ' ',
  );
const PARTS = ['api', 'web', 'admin', 'jobs', 'hooks'];

export const NAMESPACE = 'shop';
export const LOAD_BALANCERS = ['edge', 'partners', 'internal'];
/** What is replaced, and by what: backend -> cluster. */
export const SIDES = { blue: 'blue-2025', green: 'green-2026' };

/** `[{ name, host, loadBalancer }]`: each Service has a host of its own on one of the load balancers. */
export const SERVICES = AREAS.flatMap((area) => PARTS.map((part) => `${area}-${part}`)).map((name, index) => ({
  name,
  host: `${name}.shop.example`,
  loadBalancer: LOAD_BALANCERS[index % LOAD_BALANCERS.length],
}));
