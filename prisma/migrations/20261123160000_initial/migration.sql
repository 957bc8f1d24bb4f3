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
    "api_budget" JSONB NOT NULL,
    "checked_at" TIMESTAMPTZ(3),
    "check_result" JSONB,
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
    "drift" JSONB,
    "swept_at" TIMESTAMPTZ(3),
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
CREATE TABLE "rollouts" (
    "id" TEXT NOT NULL,
    "project_id" TEXT NOT NULL,
    "plan_id" TEXT NOT NULL,
    "plan_version" INTEGER NOT NULL,
    "name" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "version" INTEGER NOT NULL DEFAULT 1,
    "plan" JSONB NOT NULL,
    "step_index" INTEGER NOT NULL DEFAULT -1,
    "verified_at" TIMESTAMPTZ(3),
    "held_ms" INTEGER NOT NULL DEFAULT 0,
    "held_checked_at" TIMESTAMPTZ(3),
    "expected" JSONB NOT NULL,
    "advance_requested_by" TEXT,
    "forced" JSONB,
    "paused_from" TEXT,
    "write_decision_id" TEXT,
    "start_at" TIMESTAMPTZ(3),
    "started_at" TIMESTAMPTZ(3),
    "finished_at" TIMESTAMPTZ(3),
    "reason" TEXT NOT NULL,
    "message" TEXT NOT NULL,
    "beside" JSONB NOT NULL DEFAULT '[]',
    "diffs" JSONB NOT NULL DEFAULT '[]',
    "wake_at" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "created_by" TEXT NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "rollouts_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "rollout_routes" (
    "rollout_id" TEXT NOT NULL,
    "route_id" TEXT NOT NULL,
    "active" BOOLEAN NOT NULL DEFAULT true,

    CONSTRAINT "rollout_routes_pkey" PRIMARY KEY ("rollout_id","route_id")
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

    CONSTRAINT "decisions_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "intents" (
    "id" TEXT NOT NULL,
    "seq" BIGSERIAL NOT NULL,
    "project_id" TEXT NOT NULL,
    "account_id" TEXT NOT NULL,
    "rollout_id" TEXT,
    "route_id" TEXT NOT NULL,
    "decision_id" TEXT NOT NULL,
    "purpose" TEXT NOT NULL,
    "priority" INTEGER NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'pending',
    "step_index" INTEGER,
    "before" JSONB NOT NULL,
    "after" JSONB NOT NULL,
    "min_healthy_targets" INTEGER NOT NULL,
    "max_fact_age_ms" INTEGER NOT NULL,
    "forced" JSONB,
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
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "intents_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "lanes" (
    "account_id" TEXT NOT NULL,
    "owner" TEXT,
    "epoch" BIGINT NOT NULL DEFAULT 0,
    "grant_id" UUID,
    "lease_until" TIMESTAMPTZ(3),
    "writes_from" TIMESTAMPTZ(3),

    CONSTRAINT "lanes_pkey" PRIMARY KEY ("account_id")
);

-- CreateTable
CREATE TABLE "events" (
    "seq" BIGINT NOT NULL,
    "project_id" TEXT,
    "type" TEXT NOT NULL,
    "subject" TEXT NOT NULL,
    "data" JSONB NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

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
CREATE UNIQUE INDEX "accounts_project_id_name_key" ON "accounts"("project_id", "name");

-- CreateIndex
CREATE INDEX "clusters_kube_system_uid_idx" ON "clusters"("kube_system_uid");

-- CreateIndex
CREATE UNIQUE INDEX "clusters_project_id_name_key" ON "clusters"("project_id", "name");

-- CreateIndex
CREATE UNIQUE INDEX "clusters_project_id_kube_system_uid_key" ON "clusters"("project_id", "kube_system_uid");

-- CreateIndex
CREATE UNIQUE INDEX "routes_arn_key" ON "routes"("arn");

-- CreateIndex
CREATE INDEX "routes_listener_arn_idx" ON "routes"("listener_arn");

-- CreateIndex
CREATE UNIQUE INDEX "routes_project_id_name_key" ON "routes"("project_id", "name");

-- CreateIndex
CREATE INDEX "backends_cluster_id_idx" ON "backends"("cluster_id");

-- CreateIndex
CREATE UNIQUE INDEX "backends_route_id_name_key" ON "backends"("route_id", "name");

-- CreateIndex
CREATE UNIQUE INDEX "backends_route_id_target_group_arn_key" ON "backends"("route_id", "target_group_arn");

-- CreateIndex
CREATE UNIQUE INDEX "bindings_backend_id_key" ON "bindings"("backend_id");

-- CreateIndex
CREATE UNIQUE INDEX "bindings_cluster_id_namespace_name_key" ON "bindings"("cluster_id", "namespace", "name");

-- CreateIndex
CREATE UNIQUE INDEX "provisioned_resources_arn_key" ON "provisioned_resources"("arn");

-- CreateIndex
CREATE INDEX "provisioned_resources_project_id_idx" ON "provisioned_resources"("project_id");

-- CreateIndex
CREATE UNIQUE INDEX "plans_project_id_name_key" ON "plans"("project_id", "name");

-- CreateIndex
CREATE INDEX "rollouts_project_id_created_at_idx" ON "rollouts"("project_id", "created_at");

-- CreateIndex
CREATE INDEX "rollouts_wake_at_idx" ON "rollouts"("wake_at");

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
CREATE INDEX "events_project_id_seq_idx" ON "events"("project_id", "seq");

-- CreateIndex
CREATE UNIQUE INDEX "tokens_hash_key" ON "tokens"("hash");

-- Hand-written from here: what the schema language cannot say.

-- A route is moved by at most one rollout at a time.
CREATE UNIQUE INDEX "rollout_routes_one_active" ON "rollout_routes" ("route_id") WHERE "active";

-- What the lanes look for, however many intents have long been settled.
CREATE INDEX "intents_open" ON "intents" ("account_id", "priority", "seq") WHERE "state" IN ('pending', 'sent');
CREATE INDEX "intents_open_by_route" ON "intents" ("route_id") WHERE "state" IN ('pending', 'sent');

INSERT INTO "event_counter" ("id", "last") VALUES (1, 0);

-- Events are numbered in commit order: the counter's row stays locked until the transaction ends,
-- so this is called last in a transaction.
CREATE FUNCTION append_event(p_project_id text, p_type text, p_subject text, p_data jsonb) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE n bigint;
BEGIN
  UPDATE event_counter SET last = last + 1 WHERE id = 1 RETURNING last INTO n;
  INSERT INTO events (seq, project_id, type, subject, data, at) VALUES (n, p_project_id, p_type, p_subject, p_data, clock_timestamp());
  PERFORM pg_notify('sluice_events', n::text);
  RETURN n;
END $$;

-- What was told stays told.
CREATE FUNCTION events_are_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'events are append-only';
END $$;
CREATE TRIGGER "events_append_only" BEFORE UPDATE OR DELETE ON "events" FOR EACH ROW EXECUTE FUNCTION events_are_append_only();
