// Rows of an installation that has been at work for years, put there by SQL: what other replicas own, what has ended, and
// what waits for its start. Sizes are options of the bench; ids are derived from numbers, so that they can be named again.
import { createHash } from 'node:crypto';
import pg from 'pg';
import { waitUntil } from '../../../tools/lib/processes.mjs';

/** Whose gateways the made accounts stand on: a replica that never ends. */
const ELSEWHERE = 'elsewhere';
const PROJECTS = 50;
const ACCOUNTS = 100;
/** Routes that the ended rollouts moved again and again; those in the sandbox are among them. */
const WORN_ROUTES = 2_000;
/** Lines of the ledger that one ended rollout has left, four of them with a write. */
const LINES_PER_ROLLOUT = 8;
/** This many of the scheduled rollouts are for the routes in the sandbox, which a replica of the bench watches. */
const FOR_WATCHED = 1_000;

/** The id of the `n`th made row of a kind, as the SQL here makes it. */
export const idOf = (prefix, n) =>
  `${prefix}_${createHash('md5')
    .update(prefix + n)
    .digest('hex')
    .slice(0, 20)}`;
const id = (prefix, n) => `('${prefix}_' || left(md5('${prefix}' || (${n})::text), 20))`;
const series = (count) => `generate_series(1, ${count}) n`;
const groupArn = (side) =>
  `'arn:aws:elasticloadbalancing:eu-west-1:000000000000:targetgroup/${side}-' || r.n || '/0123456789abcdef'`;
const weights = (old, fresh) =>
  `jsonb_build_array(jsonb_build_object('targetGroupArn', ${groupArn('new')}, 'weight', ${fresh}), jsonb_build_object('targetGroupArn', ${groupArn('old')}, 'weight', ${old}))`;

const budget = `'{"modifyPerSecond": 3, "modifyBurst": 20, "readPerSecond": 5, "readBurst": 20}'`;
const spec = `'{"schemaVersion": 1, "routes": {"kind": "labels", "labels": {"app": "shop"}}, "steps": {"kind": "linear", "to": {"old": 0, "new": 1000}, "count": 4, "holdMs": 60000}, "minHealthyTargets": 1, "settleMs": 0, "maxFactAgeMs": null, "onHealthLost": "block", "bakeMs": 0}'`;
const plan = `jsonb_build_object('schemaVersion', 1, 'decideVersion', 1, 'planId', ${id('pln', 1)}, 'planVersion', 1, 'name', 'upgrade',
  'routes', jsonb_build_array(jsonb_build_object('id', r.id, 'name', r.name, 'arn', r.arn, 'accountId', r.account_id, 'pinned', '[]'::jsonb,
    'baseline', ${weights(100, 0)},
    'backends', (SELECT jsonb_agg(jsonb_build_object('id', b.id, 'name', b.name, 'clusterId', b.cluster_id, 'clusterName', b.name, 'namespace', 'shop',
                   'service', 'shop', 'port', 80, 'targetGroupArn', b.target_group_arn)) FROM backends b WHERE b.route_id = r.id))),
  'steps', (SELECT jsonb_agg(jsonb_build_object('index', s, 'name', 'step ' || s, 'shares', jsonb_build_object('old', 750 - 250 * s, 'new', 250 + 250 * s),
              'holdMs', 60000, 'gates', '[]'::jsonb)) FROM generate_series(0, 3) s),
  'settleMs', 0, 'minHealthyTargets', 1, 'maxFactAgeMs', null, 'onHealthLost', 'block', 'bakeMs', 0)`;

/** A database being filled; `close` when done. */
export class Filling {
  #client;

  static async open(url) {
    const filling = new Filling();
    filling.#client = new pg.Client({ connectionString: url });
    await filling.#client.connect();
    await filling.#run(`SET synchronous_commit = off`, `SET work_mem = '256MB'`);
    return filling;
  }

  close = () => this.#client.end();

  async #run(...statements) {
    for (const statement of statements) await this.#client.query(statement);
  }

  /** As autovacuum does in time: until what is there is marked as visible to all, index-only scans look like bad ones. */
  async #settle() {
    const hidden = async () => {
      const { rows } = await this.#client.query(
        `SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relallvisible < relpages / 2`,
      );
      return rows.length > 0;
    };
    await waitUntil(
      'VACUUM of all tables',
      async () => {
        await this.#run('CHECKPOINT', 'VACUUM (ANALYZE)');
        return !(await hidden());
      },
      { timeoutMs: 300_000, everyMs: 1_000 },
    );
  }

  /** Everything that is no rollout: so many `routes` besides the `watched` ones that are there, which get the lowest numbers. */
  async resources({ routes, watched }) {
    await this.#run(
      `INSERT INTO projects (id, name, created_by) SELECT ${id('prj', 'n')}, 'project-' || n, 'token:bench' FROM ${series(PROJECTS)}`,
      `INSERT INTO replicas (id, lease_until) VALUES ('${ELSEWHERE}', '2100-01-01')`,
      `INSERT INTO gateways (id, partition, aws_account_id, region, owner, epoch, grant_id, lease_until)
       SELECT ${id('gtw', 'n')}, 'aws', lpad(n::text, 12, '0'), 'eu-west-1', '${ELSEWHERE}', 1, gen_random_uuid(), '2100-01-01' FROM ${series(ACCOUNTS)}`,
      `INSERT INTO accounts (id, project_id, name, aws_account_id, region, external_id, gateway_id, api_budget, created_by)
       SELECT ${id('acc', 'n')}, ${id('prj', `n % ${PROJECTS} + 1`)}, 'account-' || n, lpad(n::text, 12, '0'), 'eu-west-1', 'x', ${id('gtw', 'n')}, ${budget}, 'token:bench' FROM ${series(ACCOUNTS)}`,
      `INSERT INTO clusters (id, project_id, account_id, name, labels, server, ca_pem, credentials, created_by)
       SELECT ${id('clu', `side || n`)}, ${id('prj', `n % ${PROJECTS} + 1`)}, ${id('acc', 'n')}, side || '-' || n, jsonb_build_object('stage', 'production', 'side', side),
              'https://' || side || n || '.example.com', '-', '{"kind": "token"}', 'token:bench'
       FROM ${series(ACCOUNTS)}, unnest(ARRAY['old', 'new']) side`,
      `INSERT INTO tokens (id, project_id, name, role, hash, prefix, created_by)
       SELECT ${id('tok', 'n')}, ${id('prj', `n % ${PROJECTS} + 1`)}, 'token-' || n, 'viewer', md5(n::text), 'slc_' || n, 'token:bench' FROM ${series(200)}`,
      `INSERT INTO provisioned_resources (id, project_id, account_id, kind, arn, created_by_us, details, created_by)
       SELECT ${id('res', 'n')}, ${id('prj', `n % ${PROJECTS} + 1`)}, ${id('acc', `n % ${ACCOUNTS} + 1`)}, 'rule', 'arn:made/' || n, true, '{}', 'token:bench' FROM ${series(2_000)}`,
      `INSERT INTO plans (id, project_id, name, latest_version, created_by)
       SELECT ${id('pln', 'n')}, ${id('prj', `n % ${PROJECTS} + 1`)}, 'plan-' || n, 3, 'token:bench' FROM ${series(1_000)}`,
      `INSERT INTO plan_versions (plan_id, version, spec, created_by)
       SELECT ${id('pln', 'n')}, version, ${spec}, 'token:bench' FROM ${series(1_000)}, generate_series(1, 3) version`,
      `INSERT INTO idempotency_keys (token_id, key, request_hash, status, body, headers, created_at)
       SELECT ${id('tok', `n % 200 + 1`)}, md5(n::text), md5(n::text), 200, '"{}"', '{}', now() - n * interval '4 seconds' FROM ${series(20_000)}`,
    );
    await this.#routes(watched + 1, watched + routes);
    await this.#settle();
  }

  async #routes(first, last) {
    await this.#run(
      `INSERT INTO routes (id, project_id, account_id, name, arn, load_balancer_arn, listener_arn, protocol, port, is_default, labels, ownership, expected, created_at, created_by)
       SELECT ${id('rte', 'r.n')}, ${id('prj', `r.n % ${ACCOUNTS} % ${PROJECTS} + 1`)}, ${id('acc', `r.n % ${ACCOUNTS} + 1`)}, 'shop-' || r.n,
              'arn:aws:elasticloadbalancing:eu-west-1:000000000000:listener-rule/app/' || r.n, 'arn:lb/' || r.n / 100, 'arn:listener/' || r.n / 50, 'HTTP', 80, false,
              jsonb_build_object('app', 'shop', 'team', 'team-' || r.n % 100), '{"kind": "unowned"}', ${weights(100, 0)}, now() - (${last} - r.n) * interval '1 minute', 'token:bench'
       FROM generate_series(${first}::int, ${last}::int) r (n)`,
      // the routes of the bench by number: those in the sandbox first
      'CREATE SCHEMA bench',
      `CREATE TABLE bench.routes AS SELECT row_number() OVER (ORDER BY a.endpoint IS NULL, r.created_at, r.id)::int AS n, a.gateway_id, r.*
       FROM routes r JOIN accounts a ON a.id = r.account_id`,
      'CREATE UNIQUE INDEX ON bench.routes (n)',
      'ANALYZE bench.routes',
      `INSERT INTO backends (id, project_id, route_id, cluster_id, name, namespace, service, port, target_group_arn, target_type, created_at, created_by)
       SELECT ${id('bck', 'c.id || r.n')}, r.project_id, r.id, c.id, split_part(c.name, '-', 1), 'shop', 'shop', '80',
              CASE split_part(c.name, '-', 1) WHEN 'old' THEN ${groupArn('old')} ELSE ${groupArn('new')} END, 'ip', r.created_at, 'token:bench'
       FROM bench.routes r JOIN clusters c ON c.account_id = r.account_id WHERE r.n >= ${first}`,
      `INSERT INTO bindings (id, project_id, backend_id, cluster_id, namespace, name, state, created_at, created_by)
       SELECT 'bnd_' || substr(b.id, 5), b.project_id, b.id, b.cluster_id, b.namespace, 'binding-' || b.id, 'Applied', b.created_at, 'token:bench'
       FROM backends b JOIN bench.routes r ON r.id = b.route_id WHERE r.n BETWEEN ${first} AND ${WORN_ROUTES}`,
      `INSERT INTO facts (account_id, subject, at, period_ms, look, runs)
       SELECT r.account_id, kind || '/' || r.arn, now(), 30000, '{"ok": true, "value": {"action": {"weights": [], "foreign": []}}}', '[{"from": 0, "to": 1}]'
       FROM bench.routes r, unnest(ARRAY['action', 'owner']) kind WHERE r.n >= ${first}`,
      `INSERT INTO look_requests (account_id, subject, asked_at)
       SELECT r.account_id, 'action/' || r.arn, now() - interval '1 day' FROM bench.routes r WHERE r.n <= ${WORN_ROUTES}`,
      `INSERT INTO frozen_plans (id, body) SELECT md5('plan' || r.n), ${plan} FROM bench.routes r`,
    );
  }

  /** Rollouts that have ended, with so many lines in the ledger, the writes behind them, and an event for each. */
  async history({ decisions }) {
    const rollouts = Math.ceil(decisions / LINES_PER_ROLLOUT);
    const at = `now() - (${rollouts} - h) * interval '1 minute'`;
    const ended = `generate_series(1, ${rollouts}) h JOIN bench.routes r ON r.n = h % ${WORN_ROUTES} + 1`;
    await this.#run(
      `INSERT INTO rollouts (id, project_id, plan_id, plan_version, name, state, version, frozen_plan_id, route_count, step_count, step_index,
                             started_at, finished_at, reason, message, created_at, created_by, updated_at)
       SELECT ${id('rol', `'h' || h`)}, r.project_id, ${id('pln', 'h % 1000 + 1')}, 1, 'upgrade ' || h,
              CASE h % 20 WHEN 0 THEN 'RolledBack' WHEN 1 THEN 'Aborted' ELSE 'Succeeded' END, 12, md5('plan' || r.n), 1, 4, 3,
              ${at}, ${at} + interval '5 minutes', 'AllStepsVerified', 'Every step is verified.', ${at}, 'token:bench', ${at}
       FROM ${ended} ORDER BY h`,
      `INSERT INTO rollout_routes (rollout_id, route_id, position, step_index, baseline, expected, verified_at, held_ms, write_id, touched)
       SELECT ${id('rol', `'h' || h`)}, r.id, 0, 3, ${weights(100, 0)}, ${weights(0, 100)}, ${at}, 60000, ${id('int', `'h' || h || '.' || 5`)}, true FROM ${ended}`,
      `INSERT INTO decisions (id, project_id, rollout_id, kind, reason, message, actor, step_index, changes, facts, state, created_at, ended_at, decide_version)
       SELECT ${id('dec', `'h' || h || '.' || k`)}, r.project_id, ${id('rol', `'h' || h`)},
              (ARRAY['create', 'start', 'shift', 'shift', 'shift', 'shift', 'note', 'finish'])[k + 1], 'HoldIsOver', 'Step ' || k || ' begins: the hold before it is over and every route is as written.',
              'engine:rollout', CASE WHEN k BETWEEN 2 AND 5 THEN k - 2 END,
              CASE WHEN k BETWEEN 2 AND 5 THEN jsonb_build_array(jsonb_build_object('routeId', r.id, 'before', ${weights(75, 25)}, 'after', ${weights(50, 50)})) ELSE '[]' END,
              jsonb_build_object('healthy', jsonb_build_object('old', 3, 'new', 3), 'oldestFactMs', 21000), 'applied', ${at}, ${at}, 1
       FROM ${ended}, generate_series(0, ${LINES_PER_ROLLOUT - 1}) k ORDER BY h, k`,
      `INSERT INTO intents (id, project_id, account_id, gateway_id, rollout_id, route_id, listener_arn, decision_id, purpose, priority, state, step_index, goal,
                            before, after, guards, min_healthy_targets, attempts, epoch, grant_id, sent_at, deadline_at, settled_at, live, request_id, created_at)
       SELECT ${id('int', `'h' || h || '.' || k`)}, r.project_id, r.account_id, r.gateway_id, ${id('rol', `'h' || h`)}, r.id, r.listener_arn, ${id('dec', `'h' || h || '.' || k`)},
              'step', 2, 'applied', k - 2, '{"kind": "shares", "shares": {"old": 500, "new": 500}}', ${weights(75, 25)}, ${weights(50, 50)},
              jsonb_build_object('rollout/' || ${id('rol', `'h' || h`)}, '1'), 1, 1, 1, '00000000-0000-4000-8000-000000000000', ${at}, ${at}, ${at}, ${weights(50, 50)}, md5(h::text), ${at}
       FROM ${ended}, generate_series(2, 5) k ORDER BY h, k`,
      `INSERT INTO events (seq, project_id, type, subject, actor, data, at)
       SELECT c.last + row_number() OVER (ORDER BY d.seq), d.project_id, 'decision.made', 'decision/' || d.id, '{"kind": "engine", "id": "rollout", "name": "rollout"}', jsonb_build_object('id', d.id, 'kind', d.kind, 'message', d.message), d.created_at
       FROM decisions d, event_counter c`,
      `UPDATE event_counter SET last = (SELECT max(seq) FROM events)`,
    );
    await this.#settle();
  }

  /** Rollouts that start tomorrow, up to so many in all. They hold nothing. */
  async scheduled({ from, to }) {
    if (to === from) return;
    const waiting = `generate_series(${from + 1}, ${to}) s JOIN bench.routes r ON r.n = CASE WHEN s <= ${FOR_WATCHED} THEN s % 10 + 1 ELSE s END`;
    const rollout = id('rol', `'s' || s`);
    const start = `date_trunc('day', now()) + interval '2 days' + s * interval '100 ms'`;
    await this.#run(
      `INSERT INTO rollouts (id, project_id, plan_id, plan_version, name, state, frozen_plan_id, route_count, step_count, start_at, reason, message, next_at, created_by)
       SELECT ${rollout}, r.project_id, ${id('pln', 's % 1000 + 1')}, 1, 'tomorrow ' || s, 'Scheduled', md5('plan' || r.n), 1, 4, ${start}, 'NotStarted', 'Starts tomorrow.', ${start}, 'token:bench'
       FROM ${waiting} ORDER BY s`,
      `INSERT INTO rollout_routes (rollout_id, route_id, position) SELECT ${rollout}, r.id, 0 FROM ${waiting}`,
      `INSERT INTO wakeups (rollout_id, at) SELECT ${rollout}, ${start} FROM ${waiting}`,
      `INSERT INTO decisions (id, project_id, rollout_id, kind, reason, message, actor, state, ended_at)
       SELECT ${id('dec', `'s' || s`)}, r.project_id, ${rollout}, 'create', 'NotStarted', 'Rollout created.', 'token:bench', 'applied', now() FROM ${waiting}`,
    );
    await this.#settle();
  }

  /** The scheduled ones whose routes are elsewhere have started: they hold their first step, and their routes. */
  async held({ to }) {
    const running = `generate_series(${FOR_WATCHED + 1}, ${to}) s JOIN bench.routes r ON r.n = s`;
    const rollout = id('rol', `'s' || s`);
    const intent = id('int', `'s' || s`);
    await this.#run(
      `UPDATE rollouts o SET state = 'Running', version = o.version + 3, step_index = 0, hold_from = now(), started_at = now(), reason = 'StepIsHolding',
              message = 'Step 1 of 4 is held.', next_at = now() + interval '1 day' FROM ${running} WHERE o.id = ${rollout}`,
      `INSERT INTO intents (id, project_id, account_id, gateway_id, rollout_id, route_id, listener_arn, decision_id, purpose, priority, state, step_index, goal,
                            before, after, min_healthy_targets, attempts, epoch, grant_id, sent_at, settled_at, live)
       SELECT ${intent}, r.project_id, r.account_id, r.gateway_id, ${rollout}, r.id, r.listener_arn, ${id('dec', `'s' || s`)}, 'step', 2, 'applied', 0,
              '{"kind": "shares", "shares": {"old": 750, "new": 250}}', ${weights(100, 0)}, ${weights(75, 25)}, 1, 1, 1, '00000000-0000-4000-8000-000000000000', now(), now(), ${weights(75, 25)} FROM ${running}`,
      `UPDATE rollout_routes x SET step_index = 0, baseline = ${weights(100, 0)}, expected = ${weights(75, 25)}, verified_at = now(), write_id = ${intent}, touched = true
       FROM ${running} WHERE x.rollout_id = ${rollout} AND x.route_id = r.id`,
      `INSERT INTO claims (route_id, rollout_id) SELECT r.id, ${rollout} FROM ${running}`,
      `UPDATE wakeups w SET at = now() + interval '1 day' FROM ${running} WHERE w.rollout_id = ${rollout}`,
    );
    await this.#settle();
  }
}
