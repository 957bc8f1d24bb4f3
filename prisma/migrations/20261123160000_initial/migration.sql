-- CreateSchema
CREATE SCHEMA IF NOT EXISTS "public";

-- CreateTable
CREATE TABLE "projects" (
    "id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "version" INTEGER NOT NULL DEFAULT 1,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "created_by" TEXT NOT NULL,

    CONSTRAINT "projects_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "accounts" (
    "id" TEXT NOT NULL,
    "project_id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "aws_account_id" TEXT NOT NULL,
    "region" TEXT NOT NULL,
    "endpoint" TEXT,
    "role_arn" TEXT,
    "external_id" TEXT NOT NULL,
    "credentials" JSONB,
    "gateway_id" TEXT,
    "api_budget" JSONB NOT NULL,
    "checked_at" TIMESTAMPTZ(3),
    "check_result" JSONB,
    "asked_at" TIMESTAMPTZ(3),
    "version" INTEGER NOT NULL DEFAULT 1,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "created_by" TEXT NOT NULL,

    CONSTRAINT "accounts_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "clusters" (
    "id" TEXT NOT NULL,
    "project_id" TEXT NOT NULL,
    "account_id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "labels" JSONB NOT NULL DEFAULT '{}',
    "agent" TEXT NOT NULL DEFAULT 'direct',
    "binding_api" TEXT NOT NULL DEFAULT 'elbv2.k8s.aws/v1beta1',
    "server" TEXT NOT NULL,
    "tls_server_name" TEXT,
    "ca_pem" TEXT NOT NULL,
    "credentials" JSONB NOT NULL,
    "kube_system_uid" TEXT,
    "cordoned_by" JSONB,
    "retired_by" JSONB,
    "checked_at" TIMESTAMPTZ(3),
    "check_result" JSONB,
    "version" INTEGER NOT NULL DEFAULT 1,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "created_by" TEXT NOT NULL,

    CONSTRAINT "clusters_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "routes" (
    "id" TEXT NOT NULL,
    "project_id" TEXT NOT NULL,
    "account_id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "arn" TEXT NOT NULL,
    "load_balancer_arn" TEXT NOT NULL,
    "listener_arn" TEXT NOT NULL,
    "protocol" TEXT NOT NULL,
    "port" INTEGER NOT NULL,
    "is_default" BOOLEAN NOT NULL,
    "labels" JSONB NOT NULL DEFAULT '{}',
    "steady_shares" JSONB,
    "pinned" JSONB NOT NULL DEFAULT '[]',
    "ownership" JSONB NOT NULL,
    "acknowledgement" JSONB,
    "expected" JSONB NOT NULL,
    "explained_by" TEXT,
    "drift" JSONB,
    "version" INTEGER NOT NULL DEFAULT 1,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "created_by" TEXT NOT NULL,

    CONSTRAINT "routes_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "backends" (
    "id" TEXT NOT NULL,
    "project_id" TEXT NOT NULL,
    "route_id" TEXT NOT NULL,
    "cluster_id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "namespace" TEXT NOT NULL,
    "service" TEXT NOT NULL,
    "port" TEXT NOT NULL,
    "target_group_arn" TEXT NOT NULL,
    "target_type" TEXT NOT NULL,
    "version" INTEGER NOT NULL DEFAULT 1,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "created_by" TEXT NOT NULL,

    CONSTRAINT "backends_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "bindings" (
    "id" TEXT NOT NULL,
    "project_id" TEXT NOT NULL,
    "backend_id" TEXT NOT NULL,
    "cluster_id" TEXT NOT NULL,
    "namespace" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "networking" JSONB,
    "state" TEXT NOT NULL,
    "reason" TEXT,
    "message" TEXT,
    "observed" JSONB,
    "observed_at" TIMESTAMPTZ(3),
    "version" INTEGER NOT NULL DEFAULT 1,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "created_by" TEXT NOT NULL,

    CONSTRAINT "bindings_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "provisioned_resources" (
    "id" TEXT NOT NULL,
    "project_id" TEXT NOT NULL,
    "account_id" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "arn" TEXT NOT NULL,
    "created_by_us" BOOLEAN NOT NULL,
    "details" JSONB NOT NULL,
    "removed_at" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "created_by" TEXT NOT NULL,

    CONSTRAINT "provisioned_resources_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "plans" (
    "id" TEXT NOT NULL,
    "project_id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "latest_version" INTEGER NOT NULL,
    "version" INTEGER NOT NULL DEFAULT 1,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "created_by" TEXT NOT NULL,

    CONSTRAINT "plans_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "plan_versions" (
    "plan_id" TEXT NOT NULL,
    "version" INTEGER NOT NULL,
    "spec" JSONB NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "created_by" TEXT NOT NULL,

    CONSTRAINT "plan_versions_pkey" PRIMARY KEY ("plan_id","version")
);

-- CreateTable
CREATE TABLE "frozen_plans" (
    "id" TEXT NOT NULL,
    "body" JSONB NOT NULL,

    CONSTRAINT "frozen_plans_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "rollouts" (
    "id" TEXT NOT NULL,
    "project_id" TEXT NOT NULL,
    "plan_id" TEXT NOT NULL,
    "plan_version" INTEGER NOT NULL,
    "name" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "version" INTEGER NOT NULL DEFAULT 1,
    "revision" INTEGER NOT NULL DEFAULT 1,
    "frozen_plan_id" TEXT NOT NULL,
    "route_count" INTEGER NOT NULL,
    "step_count" INTEGER NOT NULL,
    "step_index" INTEGER NOT NULL DEFAULT -1,
    "hold_from" TIMESTAMPTZ(3),
    "advance_requested_by" TEXT,
    "forced" JSONB,
    "paused_from" TEXT,
    "suspicion" JSONB,
    "start_at" TIMESTAMPTZ(3),
    "started_at" TIMESTAMPTZ(3),
    "finished_at" TIMESTAMPTZ(3),
    "bakes_until" TIMESTAMPTZ(3),
    "reason" TEXT NOT NULL,
    "message" TEXT NOT NULL,
    "beside" JSONB NOT NULL DEFAULT '[]',
    "diffs" JSONB NOT NULL DEFAULT '[]',
    "next_at" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "created_by" TEXT NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "rollouts_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "rollout_routes" (
    "rollout_id" TEXT NOT NULL,
    "route_id" TEXT NOT NULL,
    "position" INTEGER NOT NULL,
    "wave" INTEGER NOT NULL DEFAULT 0,
    "baseline" JSONB,
    "expected" JSONB,
    "step_index" INTEGER NOT NULL DEFAULT -1,
    "verified_at" TIMESTAMPTZ(3),
    "held_ms" BIGINT NOT NULL DEFAULT 0,
    "write_id" TEXT,
    "touched" BOOLEAN NOT NULL DEFAULT false,

    CONSTRAINT "rollout_routes_pkey" PRIMARY KEY ("rollout_id","route_id")
);

-- CreateTable
CREATE TABLE "claims" (
    "route_id" TEXT NOT NULL,
    "rollout_id" TEXT NOT NULL,

    CONSTRAINT "claims_pkey" PRIMARY KEY ("route_id")
);

-- CreateTable
CREATE TABLE "wakeups" (
    "rollout_id" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "priority" INTEGER NOT NULL DEFAULT 1,
    "woken" BIGSERIAL NOT NULL,

    CONSTRAINT "wakeups_pkey" PRIMARY KEY ("rollout_id")
);

-- CreateTable
CREATE TABLE "guards" (
    "key" TEXT NOT NULL,
    "version" BIGINT NOT NULL DEFAULT 0,

    CONSTRAINT "guards_pkey" PRIMARY KEY ("key")
);

-- CreateTable
CREATE TABLE "facts" (
    "account_id" TEXT NOT NULL,
    "subject" TEXT NOT NULL,
    "look" JSONB NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "period_ms" INTEGER NOT NULL,
    "runs" JSONB NOT NULL DEFAULT '[]',

    CONSTRAINT "facts_pkey" PRIMARY KEY ("account_id","subject")
);

-- CreateTable
CREATE TABLE "look_requests" (
    "account_id" TEXT NOT NULL,
    "subject" TEXT NOT NULL,
    "asked_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "look_requests_pkey" PRIMARY KEY ("account_id","subject")
);

-- CreateTable
CREATE TABLE "decisions" (
    "id" TEXT NOT NULL,
    "seq" BIGSERIAL NOT NULL,
    "project_id" TEXT NOT NULL,
    "rollout_id" TEXT,
    "kind" TEXT NOT NULL,
    "reason" TEXT NOT NULL,
    "message" TEXT NOT NULL,
    "actor" TEXT NOT NULL,
    "step_index" INTEGER,
    "changes" JSONB NOT NULL DEFAULT '[]',
    "facts" JSONB NOT NULL DEFAULT '{}',
    "state" TEXT NOT NULL DEFAULT 'decided',
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "ended_at" TIMESTAMPTZ(3),
    "end_message" TEXT,
    "decide_version" INTEGER,

    CONSTRAINT "decisions_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "decision_evidence" (
    "decision_id" TEXT NOT NULL,
    "body" JSON NOT NULL,

    CONSTRAINT "decision_evidence_pkey" PRIMARY KEY ("decision_id")
);

-- CreateTable
CREATE TABLE "intents" (
    "id" TEXT NOT NULL,
    "seq" BIGSERIAL NOT NULL,
    "project_id" TEXT NOT NULL,
    "account_id" TEXT NOT NULL,
    "gateway_id" TEXT,
    "rollout_id" TEXT,
    "route_id" TEXT NOT NULL,
    "listener_arn" TEXT NOT NULL,
    "decision_id" TEXT NOT NULL,
    "purpose" TEXT NOT NULL,
    "priority" INTEGER NOT NULL,
    "step_index" INTEGER,
    "goal" JSONB NOT NULL,
    "before" JSONB,
    "guards" JSONB NOT NULL DEFAULT '{}',
    "not_after" TIMESTAMPTZ(3),
    "min_healthy_targets" INTEGER NOT NULL,
    "forced" JSONB,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "after" JSONB NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'pending',
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "not_before" TIMESTAMPTZ(3),
    "epoch" BIGINT,
    "grant_id" UUID,
    "sent_at" TIMESTAMPTZ(3),
    "deadline_at" TIMESTAMPTZ(3),
    "settled_at" TIMESTAMPTZ(3),
    "reason" TEXT,
    "message" TEXT,
    "live" JSONB,
    "request_id" TEXT,

    CONSTRAINT "intents_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "gateways" (
    "id" TEXT NOT NULL,
    "partition" TEXT NOT NULL,
    "aws_account_id" TEXT NOT NULL,
    "region" TEXT NOT NULL,
    "owner" TEXT,
    "epoch" BIGINT NOT NULL DEFAULT 0,
    "grant_id" UUID,
    "lease_until" TIMESTAMPTZ(3),
    "writes_from" TIMESTAMPTZ(3),
    "in_flight" JSONB DEFAULT '[]',
    "spending" JSONB,
    "spending_at" TIMESTAMPTZ(3),

    CONSTRAINT "gateways_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "replicas" (
    "id" TEXT NOT NULL,
    "lease_until" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "replicas_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "event_outbox" (
    "id" BIGSERIAL NOT NULL,
    "project_id" TEXT,
    "type" TEXT NOT NULL,
    "subject" TEXT NOT NULL,
    "actor" JSONB NOT NULL,
    "before" JSONB,
    "after" JSONB,
    "data" JSONB NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "event_outbox_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "events" (
    "seq" BIGINT NOT NULL,
    "project_id" TEXT,
    "type" TEXT NOT NULL,
    "subject" TEXT NOT NULL,
    "actor" JSONB NOT NULL,
    "before" JSONB,
    "after" JSONB,
    "data" JSONB NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "events_pkey" PRIMARY KEY ("seq")
);

-- CreateTable
CREATE TABLE "event_counter" (
    "id" INTEGER NOT NULL DEFAULT 1,
    "last" BIGINT NOT NULL DEFAULT 0,

    CONSTRAINT "event_counter_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "tokens" (
    "id" TEXT NOT NULL,
    "project_id" TEXT,
    "name" TEXT NOT NULL,
    "role" TEXT NOT NULL,
    "hash" TEXT NOT NULL,
    "prefix" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "created_by" TEXT NOT NULL,
    "expires_at" TIMESTAMPTZ(3),
    "revoked_at" TIMESTAMPTZ(3),

    CONSTRAINT "tokens_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "idempotency_keys" (
    "token_id" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "request_hash" TEXT NOT NULL,
    "status" INTEGER,
    "body" JSONB,
    "headers" JSONB,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "idempotency_keys_pkey" PRIMARY KEY ("token_id","key")
);

-- CreateIndex
CREATE UNIQUE INDEX "projects_name_key" ON "projects"("name");

-- CreateIndex
CREATE INDEX "projects_created_at_id_idx" ON "projects"("created_at", "id");

-- CreateIndex
CREATE INDEX "accounts_gateway_id_idx" ON "accounts"("gateway_id");

-- CreateIndex
CREATE INDEX "accounts_project_id_created_at_id_idx" ON "accounts"("project_id", "created_at", "id");

-- CreateIndex
CREATE INDEX "accounts_created_at_id_idx" ON "accounts"("created_at", "id");

-- CreateIndex
CREATE UNIQUE INDEX "accounts_project_id_name_key" ON "accounts"("project_id", "name");

-- CreateIndex
CREATE INDEX "clusters_kube_system_uid_idx" ON "clusters"("kube_system_uid");

-- CreateIndex
CREATE INDEX "clusters_project_id_created_at_id_idx" ON "clusters"("project_id", "created_at", "id");

-- CreateIndex
CREATE INDEX "clusters_created_at_id_idx" ON "clusters"("created_at", "id");

-- CreateIndex
CREATE INDEX "clusters_account_id_created_at_id_idx" ON "clusters"("account_id", "created_at", "id");

-- CreateIndex
CREATE INDEX "clusters_labels_idx" ON "clusters" USING GIN ("labels" jsonb_path_ops);

-- CreateIndex
CREATE UNIQUE INDEX "clusters_project_id_name_key" ON "clusters"("project_id", "name");

-- CreateIndex
CREATE UNIQUE INDEX "clusters_project_id_kube_system_uid_key" ON "clusters"("project_id", "kube_system_uid");

-- CreateIndex
CREATE UNIQUE INDEX "routes_arn_key" ON "routes"("arn");

-- CreateIndex
CREATE INDEX "routes_listener_arn_idx" ON "routes"("listener_arn");

-- CreateIndex
CREATE INDEX "routes_load_balancer_arn_idx" ON "routes"("load_balancer_arn");

-- CreateIndex
CREATE INDEX "routes_project_id_created_at_id_idx" ON "routes"("project_id", "created_at", "id");

-- CreateIndex
CREATE INDEX "routes_created_at_id_idx" ON "routes"("created_at", "id");

-- CreateIndex
CREATE INDEX "routes_account_id_created_at_id_idx" ON "routes"("account_id", "created_at", "id");

-- CreateIndex
CREATE INDEX "routes_labels_idx" ON "routes" USING GIN ("labels" jsonb_path_ops);

-- CreateIndex
CREATE UNIQUE INDEX "routes_project_id_name_key" ON "routes"("project_id", "name");

-- CreateIndex
CREATE INDEX "backends_project_id_created_at_id_idx" ON "backends"("project_id", "created_at", "id");

-- CreateIndex
CREATE INDEX "backends_created_at_id_idx" ON "backends"("created_at", "id");

-- CreateIndex
CREATE INDEX "backends_cluster_id_created_at_id_idx" ON "backends"("cluster_id", "created_at", "id");

-- CreateIndex
CREATE INDEX "backends_target_group_arn_idx" ON "backends"("target_group_arn");

-- CreateIndex
CREATE UNIQUE INDEX "backends_route_id_name_key" ON "backends"("route_id", "name");

-- CreateIndex
CREATE UNIQUE INDEX "backends_route_id_target_group_arn_key" ON "backends"("route_id", "target_group_arn");

-- CreateIndex
CREATE UNIQUE INDEX "bindings_backend_id_key" ON "bindings"("backend_id");

-- CreateIndex
CREATE INDEX "bindings_project_id_created_at_id_idx" ON "bindings"("project_id", "created_at", "id");

-- CreateIndex
CREATE INDEX "bindings_created_at_id_idx" ON "bindings"("created_at", "id");

-- CreateIndex
CREATE INDEX "bindings_cluster_id_created_at_id_idx" ON "bindings"("cluster_id", "created_at", "id");

-- CreateIndex
CREATE INDEX "bindings_state_idx" ON "bindings"("state");

-- CreateIndex
CREATE UNIQUE INDEX "bindings_cluster_id_namespace_name_key" ON "bindings"("cluster_id", "namespace", "name");

-- CreateIndex
CREATE UNIQUE INDEX "provisioned_resources_arn_key" ON "provisioned_resources"("arn");

-- CreateIndex
CREATE INDEX "provisioned_resources_project_id_created_at_id_idx" ON "provisioned_resources"("project_id", "created_at", "id");

-- CreateIndex
CREATE INDEX "provisioned_resources_account_id_idx" ON "provisioned_resources"("account_id");

-- CreateIndex
CREATE INDEX "plans_project_id_created_at_id_idx" ON "plans"("project_id", "created_at", "id");

-- CreateIndex
CREATE INDEX "plans_created_at_id_idx" ON "plans"("created_at", "id");

-- CreateIndex
CREATE UNIQUE INDEX "plans_project_id_name_key" ON "plans"("project_id", "name");

-- CreateIndex
CREATE INDEX "rollouts_project_id_created_at_id_idx" ON "rollouts"("project_id", "created_at", "id");

-- CreateIndex
CREATE INDEX "rollouts_created_at_id_idx" ON "rollouts"("created_at", "id");

-- CreateIndex
CREATE INDEX "rollouts_project_id_state_created_at_id_idx" ON "rollouts"("project_id", "state", "created_at", "id");

-- CreateIndex
CREATE INDEX "rollouts_state_created_at_id_idx" ON "rollouts"("state", "created_at", "id");

-- CreateIndex
CREATE INDEX "rollouts_plan_id_idx" ON "rollouts"("plan_id");

-- CreateIndex
CREATE INDEX "rollout_routes_route_id_idx" ON "rollout_routes"("route_id");

-- CreateIndex
CREATE INDEX "claims_rollout_id_idx" ON "claims"("rollout_id");

-- CreateIndex
CREATE INDEX "wakeups_at_idx" ON "wakeups"("at");

-- CreateIndex
CREATE UNIQUE INDEX "decisions_seq_key" ON "decisions"("seq");

-- CreateIndex
CREATE INDEX "decisions_project_id_seq_idx" ON "decisions"("project_id", "seq");

-- CreateIndex
CREATE INDEX "decisions_rollout_id_seq_idx" ON "decisions"("rollout_id", "seq");

-- CreateIndex
CREATE UNIQUE INDEX "intents_seq_key" ON "intents"("seq");

-- CreateIndex
CREATE INDEX "intents_rollout_id_seq_idx" ON "intents"("rollout_id", "seq");

-- CreateIndex
CREATE INDEX "intents_decision_id_idx" ON "intents"("decision_id");

-- CreateIndex
CREATE INDEX "intents_route_id_seq_idx" ON "intents"("route_id", "seq");

-- CreateIndex
CREATE INDEX "gateways_owner_idx" ON "gateways"("owner");

-- CreateIndex
CREATE UNIQUE INDEX "gateways_partition_aws_account_id_region_key" ON "gateways"("partition", "aws_account_id", "region");

-- CreateIndex
CREATE INDEX "events_project_id_seq_idx" ON "events"("project_id", "seq");

-- CreateIndex
CREATE UNIQUE INDEX "tokens_hash_key" ON "tokens"("hash");

-- CreateIndex
CREATE INDEX "tokens_project_id_created_at_id_idx" ON "tokens"("project_id", "created_at", "id");

-- CreateIndex
CREATE INDEX "tokens_created_at_id_idx" ON "tokens"("created_at", "id");

-- CreateIndex
CREATE INDEX "idempotency_keys_created_at_idx" ON "idempotency_keys"("created_at");

-- Hand-written from here: what the schema language cannot say.

-- What the lanes look for, however many intents have long been settled.
CREATE INDEX "intents_open" ON "intents" ("gateway_id", "priority", "listener_arn", "seq") WHERE "state" IN ('pending', 'sent');
CREATE INDEX "intents_open_by_route" ON "intents" ("route_id") WHERE "state" IN ('pending', 'sent');
CREATE INDEX "intents_open_by_decision" ON "intents" ("decision_id") WHERE "state" IN ('pending', 'sent');
CREATE INDEX "intents_open_by_rollout" ON "intents" ("rollout_id") WHERE "state" IN ('pending', 'sent');
-- Since when a target group has weight 0, and decisions by route.
CREATE INDEX "intents_settled_by_route" ON "intents" ("route_id", "settled_at") WHERE "settled_at" IS NOT NULL;
-- What the metrics count at every scrape: small enough to be read instead of the table.
CREATE INDEX "rollouts_open" ON "rollouts" ("state") WHERE "state" IN ('Scheduled', 'Running', 'Paused', 'Blocked', 'Suspended', 'RollingBack');
CREATE INDEX "routes_drifted" ON "routes" ("project_id") WHERE "drift" IS NOT NULL;

-- Whatever a decision may rely on has its guard from its first moment: FOR SHARE can't lock a row that isn't there.
CREATE FUNCTION make_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO guards (key) VALUES (TG_ARGV[0] || '/' || NEW.id);
  RETURN NEW;
END $$;
CREATE FUNCTION drop_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM guards WHERE key = TG_ARGV[0] || '/' || OLD.id;
  RETURN OLD;
END $$;
CREATE TRIGGER "projects_make_guard" AFTER INSERT ON "projects" FOR EACH ROW EXECUTE FUNCTION make_guard('freeze');
CREATE TRIGGER "projects_drop_guard" AFTER DELETE ON "projects" FOR EACH ROW EXECUTE FUNCTION drop_guard('freeze');
CREATE TRIGGER "clusters_make_guard" AFTER INSERT ON "clusters" FOR EACH ROW EXECUTE FUNCTION make_guard('cluster');
CREATE TRIGGER "clusters_drop_guard" AFTER DELETE ON "clusters" FOR EACH ROW EXECUTE FUNCTION drop_guard('cluster');
CREATE TRIGGER "routes_make_guard" AFTER INSERT ON "routes" FOR EACH ROW EXECUTE FUNCTION make_guard('route');
CREATE TRIGGER "routes_drop_guard" AFTER DELETE ON "routes" FOR EACH ROW EXECUTE FUNCTION drop_guard('route');
CREATE TRIGGER "rollouts_make_guard" AFTER INSERT ON "rollouts" FOR EACH ROW EXECUTE FUNCTION make_guard('rollout');

-- Whoever changes what decisions rely on moves its guard with it, by whatever way: nothing older is sent from then on.
CREATE FUNCTION move_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE guards SET version = version + 1 WHERE key = TG_ARGV[0] || '/' || NEW.id;
  RETURN NEW;
END $$;
CREATE TRIGGER "clusters_move_guard" AFTER UPDATE ON "clusters" FOR EACH ROW
  WHEN (OLD.cordoned_by IS DISTINCT FROM NEW.cordoned_by OR OLD.retired_by IS DISTINCT FROM NEW.retired_by) EXECUTE FUNCTION move_guard('cluster');
CREATE TRIGGER "routes_move_guard" AFTER UPDATE ON "routes" FOR EACH ROW
  WHEN (OLD.pinned IS DISTINCT FROM NEW.pinned OR OLD.acknowledgement IS DISTINCT FROM NEW.acknowledgement) EXECUTE FUNCTION move_guard('route');

-- A version counts what people ask for, whoever writes. What was seen or derived (the columns named here) is status: it
-- changes without making anybody's If-Match fail.
CREATE FUNCTION count_version() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  status text[] := coalesce(TG_ARGV, '{}') || '{version}';
BEGIN
  NEW.version := OLD.version + (to_jsonb(NEW) - status IS DISTINCT FROM to_jsonb(OLD) - status)::int;
  RETURN NEW;
END $$;
CREATE TRIGGER "projects_count_version" BEFORE UPDATE ON "projects" FOR EACH ROW EXECUTE FUNCTION count_version();
CREATE TRIGGER "accounts_count_version" BEFORE UPDATE ON "accounts" FOR EACH ROW EXECUTE FUNCTION count_version('gateway_id', 'checked_at', 'check_result', 'asked_at');
CREATE TRIGGER "clusters_count_version" BEFORE UPDATE ON "clusters" FOR EACH ROW EXECUTE FUNCTION count_version('kube_system_uid', 'checked_at', 'check_result');
CREATE TRIGGER "routes_count_version" BEFORE UPDATE ON "routes" FOR EACH ROW EXECUTE FUNCTION count_version('expected', 'explained_by', 'drift', 'ownership');
CREATE TRIGGER "backends_count_version" BEFORE UPDATE ON "backends" FOR EACH ROW EXECUTE FUNCTION count_version();
CREATE TRIGGER "bindings_count_version" BEFORE UPDATE ON "bindings" FOR EACH ROW EXECUTE FUNCTION count_version('state', 'reason', 'message', 'observed', 'observed_at');
CREATE TRIGGER "plans_count_version" BEFORE UPDATE ON "plans" FOR EACH ROW EXECUTE FUNCTION count_version();

-- A frozen plan never changes.
CREATE FUNCTION frozen_plans_never_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'a frozen plan never changes';
END $$;
CREATE TRIGGER "frozen_plans_immutable" BEFORE UPDATE ON "frozen_plans" FOR EACH ROW EXECUTE FUNCTION frozen_plans_never_change();

INSERT INTO "event_counter" ("id", "last") VALUES (1, 0);

-- Tells of a change, in its transaction. The event gets its number from the sealer after the commit, so nobody waits here.
-- Call it after the subject's row has been locked (updated, inserted): two transactions about one subject then take their
-- ids one after the other, the second only when the first has committed. So ids order the events of one subject, and
-- whoever sees the later one sees the earlier one as well. (The sequence must not cache: a session's cached ids are older
-- than the lock.)
CREATE FUNCTION append_event(p_project_id text, p_type text, p_subject text, p_actor jsonb, p_before jsonb, p_after jsonb, p_data jsonb) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO event_outbox (project_id, type, subject, actor, before, after, data, at)
  VALUES (p_project_id, p_type, p_subject, p_actor, p_before, p_after, p_data, clock_timestamp());
  PERFORM pg_notify('sluice_outbox', '');
END $$;

-- The list of libs/domain: nobody tells of anything else, whichever way.
ALTER TABLE "event_outbox" ADD CONSTRAINT "event_outbox_type" CHECK ("type" IN (
  'project.created', 'project.changed', 'project.removed',
  'account.created', 'account.changed', 'account.removed',
  'cluster.created', 'cluster.changed', 'cluster.removed',
  'route.created', 'route.changed', 'route.removed',
  'backend.created', 'backend.changed', 'backend.removed',
  'binding.created', 'binding.changed', 'binding.removed',
  'provisioned.created', 'provisioned.changed', 'provisioned.removed',
  'plan.created', 'plan.changed', 'plan.removed',
  'token.created', 'token.changed', 'token.removed',
  'rollout.created', 'rollout.changed', 'decision.made', 'route.weights', 'route.drift', 'route.drift.cleared'));

-- Numbers what has committed, at most p_limit of it; returns how many. Safe to be called by several at once: the
-- counter's row stays locked until the numbers are committed, each statement here sees what has committed before it, so
-- a second caller numbers only what is left, and no reader sees a number before all lower ones. What commits late is
-- simply still in the outbox: nothing is looked for by position, so nothing is missed. Needs READ COMMITTED.
CREATE FUNCTION seal_events(p_limit integer) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
  n integer;
  told bigint;
BEGIN
  -- an idle installation asks this once a second: it must not write
  IF NOT EXISTS (SELECT FROM event_outbox) THEN RETURN 0; END IF;
  SELECT last INTO STRICT told FROM event_counter WHERE id = 1 FOR UPDATE;
  WITH taken AS (
    DELETE FROM event_outbox WHERE id IN (SELECT id FROM event_outbox ORDER BY id LIMIT p_limit) RETURNING *
  )
  INSERT INTO events (seq, project_id, type, subject, actor, before, after, data, at)
  SELECT told + row_number() OVER (ORDER BY id), t.project_id, t.type, t.subject, t.actor, t.before, t.after, t.data, t.at FROM taken t;
  GET DIAGNOSTICS n = ROW_COUNT;
  IF n > 0 THEN
    UPDATE event_counter SET last = told + n WHERE id = 1;
    PERFORM pg_notify('sluice_events', (told + n)::text);
  END IF;
  RETURN n;
END $$;

-- What was told stays told.
CREATE FUNCTION events_are_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'events are append-only';
END $$;
CREATE TRIGGER "events_append_only" BEFORE UPDATE OR DELETE OR TRUNCATE ON "events" FOR EACH STATEMENT EXECUTE FUNCTION events_are_append_only();
CREATE TRIGGER "event_outbox_append_only" BEFORE UPDATE OR TRUNCATE ON "event_outbox" FOR EACH STATEMENT EXECUTE FUNCTION events_are_append_only();

-- Rows come and go here: what is gone must not pile up in the index that every seal reads from its beginning.
ALTER TABLE "event_outbox" SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);

-- A new version of a row on the page of the old one is a small part of the log: what stays the same in front (columns that
-- never change stand first) is not written again.
ALTER TABLE "facts" SET (fillfactor = 50);
ALTER TABLE "intents" SET (fillfactor = 70);
ALTER TABLE "rollouts" SET (fillfactor = 70);
ALTER TABLE "rollout_routes" SET (fillfactor = 70);
ALTER TABLE "routes" SET (fillfactor = 80);
ALTER TABLE "wakeups" SET (fillfactor = 50);
