import { Module, type DynamicModule, type Provider } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR, APP_PIPE } from '@nestjs/core';
import { ScheduleModule } from '@nestjs/schedule';
import { ElbV2LoadBalancer } from '@sluice/aws';
import {
  Clock,
  ClusterAgent,
  DriftStore,
  FactStore,
  GatewayStore,
  EventStore,
  IdempotencyStore,
  Ids,
  LaneStore,
  LoadBalancer,
  References,
  ResourceStore,
  RolloutStore,
  RouteWriteStore,
  Sealer,
  SealingRight,
  Signals,
  Timers,
} from '@sluice/control';
import { DirectClusterAgent } from '@sluice/kubernetes';
import {
  FileReferences,
  PostgresClock,
  PostgresDriftStore,
  PostgresFactStore,
  PostgresGatewayStore,
  PostgresLaneStore,
  PostgresEventStore,
  PostgresRolloutStore,
  PostgresRouteWriteStore,
  PostgresSealingRight,
  PostgresSignals,
  PrismaIdempotencyStore,
  PrismaResourceStore,
  RandomIds,
  readFigures,
  type Database,
} from '@sluice/postgres';
import { LoggerModule } from 'nestjs-pino';
import type { DestinationStream } from 'pino';
import { AccountsController } from './accounts/accounts.controller.js';
import { AuthGuard } from './auth/auth.guard.js';
import { BackendsController } from './backends/backends.controller.js';
import { BindingsController } from './bindings/bindings.controller.js';
import { ClustersController } from './clusters/clusters.controller.js';
import { CONFIG, type Config } from './config.js';
import { DecisionsController } from './decisions/decisions.controller.js';
import { EventStreams } from './events/event-streams.js';
import { EventsController } from './events/events.controller.js';
import { HealthController } from './health/health.controller.js';
import { Metrics } from './health/metrics.js';
import { DatabaseProbe, MigrationsProbe } from './health/postgres-probes.js';
import { READINESS_PROBES, ReadinessChecks } from './health/readiness.js';
import { StateMetrics } from './health/state-metrics.js';
import { IdempotencyInterceptor } from './http/idempotency.interceptor.js';
import { MethodTable } from './http/method-table.js';
import { ProblemFilter } from './http/problem.filter.js';
import { ReplyInterceptor } from './http/reply.interceptor.js';
import { ValidationPipe } from './http/validation.pipe.js';
import { loggerParams } from './logging/logger.js';
import { NestLogger } from './logging/nest-logger.js';
import { OutwardConnections } from './outward-connections.js';
import { PlansController } from './plans/plans.controller.js';
import { ProjectsController } from './projects/projects.controller.js';
import { ProvisioningController } from './provisioning/provisioning.controller.js';
import { RolloutsController } from './rollouts/rollouts.controller.js';
import { RoutesController } from './routes/routes.controller.js';
import { SystemTimers } from './system-timers.js';
import { TokensController } from './tokens/tokens.controller.js';
import { useCases } from './use-cases.js';
import { EngineMetrics } from './worker/engine-metrics.js';
import { engineProvider } from './worker/engine.provider.js';
import { EngineJobs } from './worker/engine-jobs.js';
import { EventNumbering } from './worker/event-numbering.js';
import { replicaName } from './worker/replica.js';

export interface AppParts {
  readonly config: Config;
  readonly database: Database;
  readonly sealer: Sealer;
  /** Filled as routes are added. */
  readonly methods: MethodTable;
  /** Replaces ports or use cases, in tests. */
  readonly overrides?: readonly Provider[];
  readonly logDestination?: DestinationStream;
}

/** Where ports meet their adapters. */
function adapters({ config, database, sealer, methods }: AppParts): Provider[] {
  const { pool, prisma, url } = database;
  return [
    { provide: CONFIG, useValue: config },
    { provide: MethodTable, useValue: methods },
    { provide: Timers, useClass: SystemTimers },
    {
      provide: PostgresClock,
      useFactory: (timers: Timers) => new PostgresClock(pool, timers, Date.now()),
      inject: [Timers],
    },
    { provide: Clock, useExisting: PostgresClock },
    { provide: Ids, useFactory: () => new RandomIds() },
    { provide: Sealer, useValue: sealer },
    { provide: References, useFactory: () => new FileReferences(config.referenceDir) },
    {
      provide: LoadBalancer,
      useFactory: () => new ElbV2LoadBalancer({ allowDefaultChain: config.allowProcessCredentials }),
    },
    { provide: ClusterAgent, useFactory: () => new DirectClusterAgent() },
    { provide: ResourceStore, useFactory: () => new PrismaResourceStore(prisma) },
    { provide: IdempotencyStore, useFactory: () => new PrismaIdempotencyStore(prisma) },
    { provide: RolloutStore, useFactory: (ids: Ids) => new PostgresRolloutStore(pool, ids), inject: [Ids] },
    { provide: RouteWriteStore, useFactory: (ids: Ids) => new PostgresRouteWriteStore(pool, ids), inject: [Ids] },
    { provide: LaneStore, useFactory: () => new PostgresLaneStore(pool) },
    { provide: FactStore, useFactory: () => new PostgresFactStore(pool) },
    { provide: DriftStore, useFactory: (ids: Ids) => new PostgresDriftStore(pool, ids), inject: [Ids] },
    { provide: GatewayStore, useFactory: () => new PostgresGatewayStore(url, config.leaseMs) },
    { provide: EventStore, useFactory: () => new PostgresEventStore(pool) },
    { provide: SealingRight, useFactory: () => new PostgresSealingRight(url) },
    { provide: Signals, useFactory: () => new PostgresSignals(url) },
    {
      provide: StateMetrics,
      useFactory: (metrics: Metrics) => new StateMetrics(metrics, () => readFigures(pool, replicaName)),
      inject: [Metrics],
    },
    {
      provide: READINESS_PROBES,
      useFactory: () => [new DatabaseProbe(database), new MigrationsProbe(database, config.migrationsDir)],
    },
  ];
}

const http: Provider[] = [
  { provide: APP_FILTER, useClass: ProblemFilter },
  { provide: APP_GUARD, useClass: AuthGuard },
  { provide: APP_INTERCEPTOR, useClass: IdempotencyInterceptor },
  { provide: APP_INTERCEPTOR, useClass: ReplyInterceptor },
  { provide: APP_PIPE, useClass: ValidationPipe },
];

const api = [
  ProjectsController,
  AccountsController,
  ClustersController,
  RoutesController,
  BackendsController,
  BindingsController,
  ProvisioningController,
  PlansController,
  RolloutsController,
  DecisionsController,
  EventsController,
  TokensController,
];

@Module({})
export class AppModule {
  static with(parts: AppParts): DynamicModule {
    return {
      module: AppModule,
      imports: [
        LoggerModule.forRoot(loggerParams(parts.config.logLevel, parts.logDestination)),
        ScheduleModule.forRoot(),
      ],
      controllers: parts.config.role === 'worker' ? [HealthController] : [HealthController, ...api],
      providers: [
        ...adapters(parts),
        ...useCases,
        ...http,
        NestLogger,
        Metrics,
        EngineMetrics,
        ReadinessChecks,
        EventStreams,
        OutwardConnections,
        engineProvider,
        EngineJobs,
        EventNumbering,
        ...(parts.overrides ?? []),
      ],
    };
  }
}
