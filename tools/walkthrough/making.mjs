// What every scenario makes over Sluice's REST API, as anybody would.
import { readFileSync } from 'node:fs';
import { ToolError, say } from '../lib/say.mjs';
import { whichAccount } from './aws.mjs';

export const SERVICE_PORT = 80;
export const HEALTH_CHECK = {
  path: '/',
  intervalSeconds: 5,
  timeoutSeconds: 2,
  healthyThreshold: 2,
  unhealthyThreshold: 2,
};

/** What tells the names of this run from those of earlier ones. */
export const runName = () => new Date().toISOString().replace(/\D/g, '').slice(2, 14);

export async function addProject(rest, name) {
  const project = await rest.post('/projects', { name });
  say(`project ${project.name}`);
  return project;
}

/** `apiBudget`: as the API takes it. */
export async function addAccount(rest, { aws }, project, apiBudget) {
  const { endpoint, region, accessKeyId, secretAccessKey } = aws;
  const account = await rest.post('/accounts', {
    projectId: project.id,
    name: 'sandbox',
    awsAccountId: await whichAccount(aws),
    region,
    endpoint,
    credentials: { accessKeyId, secretAccessKey },
    ...(apiBudget === undefined ? {} : { apiBudget }),
  });
  const check = await rest.post(`/accounts/${account.id}:check`);
  if (!check.ok) throw new ToolError(`the account cannot be used: ${check.message} ${check.advice ?? ''}`);
  say(`account ${account.awsAccountId} in ${region}: ${check.message}`);
  return account;
}

/** `kubeconfigFile`: that of a user who may do no more than Sluice needs. */
export async function addCluster(rest, { name, kubeconfigFile, project, account }) {
  const cluster = await rest.post('/clusters', {
    projectId: project.id,
    accountId: account.id,
    name,
    kubeconfig: readFileSync(kubeconfigFile, 'utf8'),
  });
  const check = await rest.post(`/clusters/${cluster.id}:check`);
  if (!check.ok) throw new ToolError(`cluster ${name} cannot be used: ${check.message} ${check.advice ?? ''}`);
  say(`cluster ${name}: ${check.message}`);
  return cluster;
}

/**
 * A Service as a share of the route, and its binding in the cluster.
 * @returns the binding's name
 */
export async function addBackend(rest, { route, cluster, name, namespace, service, targetGroupArn }) {
  const { backend } = await rest.post('/backends', {
    routeId: route.id,
    clusterId: cluster.id,
    name,
    namespace,
    service,
    port: SERVICE_PORT,
    targetGroupArn,
  });
  const { binding, outcome } = await rest.post('/bindings', { backendId: backend.id });
  if (outcome.result !== 'applied')
    throw new ToolError(`the binding of ${route.name} in ${name} was refused: ${outcome.message} ${outcome.way}`);
  return binding.name;
}
