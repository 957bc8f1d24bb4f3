import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { request } from 'node:http';
import { type AddressInfo, connect, createServer } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Action,
  CreateListenerCommand,
  CreateRuleCommand,
  DeleteListenerCommand,
  DeregisterTargetsCommand,
  ModifyListenerCommand,
  ModifyLoadBalancerAttributesCommand,
  ModifyTargetGroupAttributesCommand,
  RegisterTargetsCommand,
  type RuleCondition,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import type { RunningPart } from '../shared/parts.js';
import { AwsWorld, forward, present } from '../testing/aws-world.js';
import { eventually } from '../testing/eventually.js';
import { answers, listenerUrl, startTraffic, taggedUrl } from '../testing/traffic.js';

let world: AwsWorld;
let traffic: RunningPart;
let balancer: string;
let listener: string;
let url: string;
let red: string;
let black: string;

beforeAll(async () => {
  world = await AwsWorld.start();
  traffic = await startTraffic(world);
  balancer = await world.loadBalancer('main');
  [red, black] = [await world.targetGroup('red'), await world.targetGroup('black')];
  await world.pod('10.0.1.1:8080', 'red');
  await world.pod('10.0.2.1:8080', 'black');
  await register(red, '10.0.1.1');
  await register(black, '10.0.2.1');
  listener = (await world.listener(balancer, [forward({ [red]: 100, [black]: 0 })])).ListenerArn;
  url = await listenerUrl(world, listener);
});
afterAll(async () => {
  await traffic.stop();
  await world.stop();
});

const register = (TargetGroupArn: string, Id: string) =>
  world.elb.send(new RegisterTargetsCommand({ TargetGroupArn, Targets: [{ Id }] }));
const modify = (action: Action, ListenerArn = listener) =>
  world.elb.send(new ModifyListenerCommand({ ListenerArn, DefaultActions: [action] }));
const healthy = (group: string, count = 1) =>
  eventually(
    () => world.health(group),
    (health) => Object.values(health).filter((state) => state === 'healthy').length === count,
  );
const settles = (wanted: Record<string, number>, at = url, count = 5) =>
  eventually(
    () => answers(at, count),
    (seen) => JSON.stringify(seen) === JSON.stringify(wanted),
  );
let nextPort = 1000;
/** A listener of its own with its address. */
const another = async (action: Action): Promise<{ arn: string; at: string }> => {
  const { ListenerArn } = await world.listener(balancer, [action], (nextPort += 1));
  return { arn: ListenerArn, at: await listenerUrl(world, ListenerArn) };
};

describe('weights', () => {
  it('decide per request, within statistical bounds', async () => {
    await healthy(red);
    await healthy(black);
    await settles({ red: 5 });
    await modify(forward({ [red]: 30, [black]: 70 }));
    await eventually(
      () => answers(url, 20),
      (seen) => (seen['black'] ?? 0) > 0,
    );
    const seen = await answers(url, 1000);
    const blackShare = (seen['black'] ?? 0) / 1000;
    expect(Object.keys(seen).sort()).toEqual(['black', 'red']);
    expect(Math.abs(blackShare - 0.7)).toBeLessThan(5 * Math.sqrt((0.7 * 0.3) / 1000));
    await modify(forward({ [red]: 0, [black]: 1 }));
    await settles({ black: 5 });
    await modify(forward({ [red]: 1, [black]: 0 }));
    await settles({ red: 5 });
  });

  it('change without a single failed request, while targets drain too', async () => {
    let going = true;
    const statuses = new Map<string, number>();
    const clients = Array.from({ length: 8 }, async () => {
      while (going) {
        const status = await fetch(url).then(
          async (response) => (await response.text(), String(response.status)),
          String,
        );
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
      }
    });
    await world.pod('10.0.1.2:8080', 'red');
    for (let weight = 0; weight <= 100; weight += 5) {
      await modify(forward({ [red]: 100 - weight, [black]: weight }));
      if (weight === 30) await register(red, '10.0.1.2');
      if (weight === 60)
        await world.elb.send(new DeregisterTargetsCommand({ TargetGroupArn: red, Targets: [{ Id: '10.0.1.2' }] }));
    }
    await settles({ black: 5 });
    going = false;
    await Promise.all(clients);
    expect([...statuses.keys()]).toEqual(['200']);
    expect(statuses.get('200')).toBeGreaterThan(100);
    await modify(forward({ [red]: 1, [black]: 0 }));
    await settles({ red: 5 });
  });

  it('reach the traffic later by the propagation delay', async () => {
    world.faults.set('dataPlane.propagationDelay', { ms: 400 });
    const startMs = performance.now();
    await modify(forward({ [red]: 0, [black]: 1 }));
    expect(await answers(url, 3)).toEqual({ red: 3 });
    await settles({ black: 1 }, url, 1);
    expect(performance.now() - startMs).toBeGreaterThanOrEqual(400);
    world.faults.clearAll();
    await modify(forward({ [red]: 1, [black]: 0 }));
    await settles({ red: 5 });
  });
});

describe('stickiness', () => {
  it('of a target group keeps a client with it even at weight 0, until the cookie expires', async () => {
    const { arn, at } = await another(forward({ [red]: 1, [black]: 0 }, 2));
    const first = await fetch(at);
    expect(await first.text()).toBe('red');
    const cookies = first.headers.getSetCookie();
    expect(cookies.map((cookie) => cookie.split('=')[0])).toEqual(['AWSALBTG', 'AWSALBTGCORS']);
    const headers = { cookie: present(cookies[0]?.split(';')[0]) };
    await modify(forward({ [red]: 0, [black]: 1 }, 2), arn);
    await settles({ black: 5 }, at);
    expect(await answers(at, 5, { headers })).toEqual({ red: 5 });
    await eventually(
      () => answers(at, 1, { headers }),
      (seen) => seen['black'] === 1,
      5_000,
    );
  });

  it('of targets keeps a client with its target', async () => {
    const group = await world.targetGroup('sticky');
    await world.pod('10.0.3.1:8080', 'one');
    await world.pod('10.0.3.2:8080', 'two');
    await register(group, '10.0.3.1');
    await register(group, '10.0.3.2');
    await world.elb.send(
      new ModifyTargetGroupAttributesCommand({
        TargetGroupArn: group,
        Attributes: [{ Key: 'stickiness.enabled', Value: 'true' }],
      }),
    );
    const { at } = await another(forward({ [group]: 1 }));
    await healthy(group, 2);
    await eventually(
      () => answers(at, 10),
      (seen) => seen['one'] === 5 && seen['two'] === 5,
    );
    const first = await fetch(at);
    const chosen = await first.text();
    const cookie = present(
      first.headers
        .getSetCookie()
        .find((value) => value.startsWith('AWSALB='))
        ?.split(';')[0],
    );
    expect(await answers(at, 6, { headers: { cookie } })).toEqual({ [chosen]: 6 });
  });
});

describe('rules', () => {
  const says = (MessageBody: string): Action => ({
    Type: 'fixed-response',
    FixedResponseConfig: { StatusCode: '200', ContentType: 'text/plain', MessageBody },
  });
  const rule = (ListenerArn: string, Priority: number, Conditions: RuleCondition[], action: Action) =>
    world.elb.send(new CreateRuleCommand({ ListenerArn, Priority, Conditions, Actions: [action] }));

  it('are asked by priority, the default last', async () => {
    const { arn, at } = await another(says('default'));
    await rule(arn, 20, [{ Field: 'path-pattern', Values: ['/shop/*'] }], says('shop'));
    await rule(arn, 10, [{ Field: 'path-pattern', Values: ['/shop/special'] }], says('special'));
    await rule(
      arn,
      5,
      [{ Field: 'http-header', HttpHeaderConfig: { HttpHeaderName: 'x-canary', Values: ['yes'] } }],
      forward({ [red]: 1, [black]: 0 }),
    );
    await settles({ special: 1 }, `${at}/shop/special`, 1);
    const ask = async (path: string, headers: Record<string, string> = {}) =>
      (await fetch(`${at}${path}`, { headers })).text();
    await eventually(
      () => ask('/', { 'x-canary': 'yes' }),
      (answer) => answer === 'red',
    );
    expect(
      await Promise.all([
        ask('/'),
        ask('/shop/'),
        ask('/shop/special?x=1'),
        ask('/shop'),
        ask('/shop/special', { 'x-canary': 'yes' }),
      ]),
    ).toEqual(['default', 'shop', 'special', 'default', 'red']);
  });

  it('can redirect', async () => {
    const { at } = await another({
      Type: 'redirect',
      RedirectConfig: { Protocol: 'HTTPS', Port: '443', Path: '/new/#{path}', StatusCode: 'HTTP_301' },
    });
    const response = await fetch(`${at}/old?a=b`, { redirect: 'manual' });
    expect([response.status, response.headers.get('location')]).toEqual([301, 'https://127.0.0.1:443/new/old?a=b']);
  });
});

describe('targets', () => {
  it('that AWS calls healthy get the next request, however seldom the data plane looks', async () => {
    const own = await AwsWorld.start();
    await own.pod('10.0.5.1:8080', 'here');
    const group = await own.targetGroup('late');
    const { ListenerArn } = await own.listener(await own.loadBalancer('rare'), [forward({ [group]: 1 })]);
    const rare = await startTraffic(own, 3_600_000);
    try {
      const at = await listenerUrl(own, ListenerArn);
      expect(await answers(at, 1)).toEqual({ 503: 1 });
      await own.elb.send(new RegisterTargetsCommand({ TargetGroupArn: group, Targets: [{ Id: '10.0.5.1' }] }));
      await eventually(
        () => own.health(group),
        (health) => health['10.0.5.1:8080'] === 'healthy',
      );
      expect(await answers(at, 3)).toEqual({ here: 3 });
    } finally {
      await rare.stop();
      await own.stop();
    }
  });

  it('none of which is registered mean 503, none of which is healthy mean all of them', async () => {
    const group = await world.targetGroup('frail', { UnhealthyThresholdCount: 2 });
    const { at } = await another(forward({ [group]: 1 }));
    await settles({ 503: 2 }, at, 2);
    await world.pod('10.0.4.1:8080', (incoming, response) =>
      incoming.url === '/' ? response.writeHead(500).end() : response.end('still here'),
    );
    await register(group, '10.0.4.1');
    await eventually(
      () => world.health(group),
      (health) => health['10.0.4.1:8080'] === 'unhealthy Target.ResponseCodeMismatch',
    );
    await settles({ 'still here': 3 }, `${at}/work`, 3);
  });

  it('that refuse the connection mean 502, that nobody has mean 504, and so do slow ones', async () => {
    const [refusing, absent, slow] = [
      await world.targetGroup('refusing'),
      await world.targetGroup('absent'),
      await world.targetGroup('slow', { HealthCheckEnabled: false }),
    ];
    await world.connect('10.0.4.2:8080', 1);
    await world.pod('10.0.4.4:8080', () => undefined);
    const other = await world.loadBalancer('impatient');
    await world.elb.send(
      new ModifyLoadBalancerAttributesCommand({
        LoadBalancerArn: other,
        Attributes: [{ Key: 'idle_timeout.timeout_seconds', Value: '1' }],
      }),
    );
    for (const [group, id, status] of [
      [refusing, '10.0.4.2', 502],
      [absent, '10.0.4.3', 504],
      [slow, '10.0.4.4', 504],
    ] as const) {
      await register(group, id);
      const { ListenerArn } = await world.listener(other, [forward({ [group]: 1 })], (nextPort += 1));
      const at = await listenerUrl(world, ListenerArn);
      await eventually(
        async () => (await fetch(at)).status,
        (seen) => seen === status,
      );
    }
  });

  it('that drain finish what they are at and get nothing new', async () => {
    const group = await world.targetGroup('leaving');
    let finish = (): void => undefined;
    await world.pod('10.0.4.5:8080', (incoming, response) => {
      if (incoming.url !== '/long') return void response.end('leaving');
      response.write('begun ');
      finish = () => response.end('and done');
    });
    await world.pod('10.0.4.6:8080', 'staying');
    await register(group, '10.0.4.5');
    const { at } = await another(forward({ [group]: 1 }));
    await healthy(group);
    await settles({ leaving: 3 }, at, 3);
    const long = await fetch(`${at}/long`);
    await register(group, '10.0.4.6');
    await healthy(group, 2);
    await world.elb.send(new DeregisterTargetsCommand({ TargetGroupArn: group, Targets: [{ Id: '10.0.4.5' }] }));
    await settles({ staying: 6 }, at, 6);
    finish();
    expect(await long.text()).toBe('begun and done');
  });

  it('get bodies and headers as the client sent them, hop-by-hop ones excepted, and say theirs as they come', async () => {
    const group = await world.targetGroup('echo');
    await world.pod('10.0.4.7:8080', (incoming, response) => {
      if (incoming.method === 'GET') return void response.end('ok');
      response.setHeader('seen', JSON.stringify(incoming.headers));
      response.setHeader('set-cookie', ['a=1', 'b=2']);
      incoming.pipe(response);
    });
    await register(group, '10.0.4.7');
    const { at } = await another(forward({ [group]: 1 }));
    await healthy(group);
    await settles({ ok: 2 }, at, 2);
    const outgoing = request(at, {
      method: 'POST',
      headers: {
        'x-mine': 'kept',
        connection: 'x-hop',
        'x-hop': 'dropped',
        'x-forwarded-for': '1.2.3.4',
        host: 'shop.example',
      },
    });
    outgoing.write('first');
    const [response] = (await once(outgoing, 'response')) as [import('node:http').IncomingMessage];
    const [chunk] = (await once(response, 'data')) as [Buffer];
    expect(chunk.toString()).toBe('first');
    outgoing.end('x'.repeat(3_000_000));
    expect((await text(response)).length).toBe(3_000_000);
    const seen = JSON.parse(String(response.headers['seen'])) as Record<string, string>;
    expect(seen).toMatchObject({
      'x-mine': 'kept',
      'x-forwarded-for': '1.2.3.4, 127.0.0.1',
      'x-forwarded-proto': 'http',
      host: 'shop.example',
    });
    expect(seen['x-amzn-trace-id']).toMatch(/^Root=1-/);
    expect(seen['x-hop']).toBeUndefined();
    expect(response.headers['set-cookie']).toEqual(['a=1', 'b=2']);
  });
});

describe('clients', () => {
  it('that break off at any moment harm nobody else', async () => {
    const group = await world.targetGroup('patient');
    await world.pod('10.0.4.9:8080', (incoming, response) => {
      if (incoming.url === '/') return void response.end('ok');
      incoming.resume();
      response.write('begun');
    });
    await register(group, '10.0.4.9');
    const { at } = await another(forward({ [group]: 1 }));
    await healthy(group);
    await settles({ ok: 1 }, at, 1);
    const breakOff = async (method: string, upgrade: boolean): Promise<void> => {
      const outgoing = request(`${at}/endless`, {
        method,
        headers: upgrade ? { connection: 'Upgrade', upgrade: 'x' } : {},
      });
      outgoing.on('error', () => undefined);
      if (method === 'POST') outgoing.write('x'.repeat(100_000));
      else outgoing.end();
      await Promise.race([once(outgoing, 'response').catch(() => undefined), sleep(Math.random() * 50)]);
      outgoing.destroy();
    };
    await Promise.all(
      Array.from({ length: 60 }, (_, index) => breakOff(index % 2 === 0 ? 'GET' : 'POST', index % 3 === 0)),
    );
    expect(await answers(at, 3)).toEqual({ ok: 3 });
  });
});

describe('a connection that changes its protocol', () => {
  it('goes to a target by weight and stays there, both ways', async () => {
    const group = await world.targetGroup('sockets');
    const pod = await world.pod('10.0.4.8:8080', 'ok');
    pod.on('upgrade', (incoming: { headers: Record<string, string> }, socket: import('node:net').Socket) => {
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${incoming.headers['upgrade'] ?? ''}\r\n\r\n`,
      );
      socket.pipe(socket);
    });
    await register(group, '10.0.4.8');
    const { at } = await another(forward({ [group]: 1 }));
    await healthy(group);
    await settles({ ok: 2 }, at, 2);
    const outgoing = request(at, { headers: { connection: 'Upgrade', upgrade: 'echo' } });
    outgoing.end();
    const [response, socket] = (await once(outgoing, 'upgrade')) as [
      import('node:http').IncomingMessage,
      import('node:net').Socket,
    ];
    expect(response.headers['upgrade']).toBe('echo');
    socket.write('hello');
    const [echoed] = (await once(socket, 'data')) as [Buffer];
    expect(echoed.toString()).toBe('hello');
    socket.end();
    await once(socket, 'close');
  });
});

describe('a listener', () => {
  it('that is deleted is not reachable any more', async () => {
    const { arn, at } = await another(forward({ [red]: 1 }));
    await settles({ red: 1 }, at, 1);
    await world.elb.send(new DeleteListenerCommand({ ListenerArn: arn }));
    await eventually(
      () =>
        fetch(at).then(
          () => 'reached',
          () => 'refused',
        ),
      (answer) => answer === 'refused',
    );
  });

  it('of a network load balancer carries connections by weight', async () => {
    const flows = await world.loadBalancer('flows', { Type: 'network' });
    const greet = async (address: string, greeting: string): Promise<() => void> => {
      const server = createServer((socket) => void socket.on('error', () => socket.destroy()).end(greeting));
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      await world.connect(address, (server.address() as AddressInfo).port);
      return () => server.close();
    };
    const stops = [await greet('10.0.5.1:9000', 'one'), await greet('10.0.5.2:9000', 'two')];
    const groups = await Promise.all(
      ['tcp-1', 'tcp-2'].map((name) =>
        world.targetGroup(name, { Protocol: 'TCP', Port: 9000, HealthCheckProtocol: 'TCP' }),
      ),
    );
    const [one, two] = [present(groups[0]), present(groups[1])];
    await register(one, '10.0.5.1');
    await register(two, '10.0.5.2');
    const { Listeners } = await world.elb.send(
      new CreateListenerCommand({
        LoadBalancerArn: flows,
        Protocol: 'TCP',
        Port: 9000,
        DefaultActions: [forward({ [one]: 1, [two]: 1 })],
      }),
    );
    const at = new URL(await listenerUrl(world, present(Listeners?.[0]?.ListenerArn)));
    expect(at.protocol).toBe('tcp:');
    await healthy(one);
    await healthy(two);
    const seen = new Set<string>();
    await eventually(
      async () => {
        const socket = connect({ host: at.hostname, port: Number(at.port) });
        seen.add(await text(socket).catch(() => 'reset'));
        return [...seen].sort().join();
      },
      (all) => all.includes('one') && all.includes('two'),
    );
    for (const stop of stops) stop();
  });

  it('comes back on its port after a restart, or on another one that its tag then names', async () => {
    const { arn, at } = await another(forward({ [red]: 1 }));
    await traffic.stop();
    const squatter = createServer();
    await new Promise<void>((resolve) => squatter.listen(Number(new URL(at).port), '127.0.0.1', resolve));
    traffic = await startTraffic(world);
    await settles({ red: 1 }, url, 1);
    const moved = await eventually(
      () => taggedUrl(world, arn),
      (tagged) => tagged !== at,
    );
    await settles({ red: 1 }, moved, 1);
    await new Promise((resolve) => squatter.close(resolve));
  });
});
