import { describe, expect, it } from '@jest/globals';
import { allParts, readCommandLine } from './command-line.js';

describe('the command line', () => {
  it('needs only a directory', () => {
    expect(readCommandLine(['--dir', '/tmp/x'])).toMatchObject({
      dir: '/tmp/x',
      parts: new Set(allParts),
      clusters: ['blue-2025', 'green-2026'],
      region: 'us-east-1',
      accounts: ['111122223333'],
      healthIntervalScale: 0.1,
      awsState: 'file',
      ports: { control: 0, network: 0, aws: 0, cluster: 0 },
    });
  });

  it('takes parts, clusters elsewhere, roles and ports', () => {
    const options = readCommandLine([
      '--dir',
      'x',
      '--parts',
      'aws, data-plane',
      '--kubeconfig',
      'blue=/etc/blue',
      '--role',
      'arn:aws:iam::111122223333:role/r=x=y',
      '--aws-port',
      '4566',
      '--aws-limits',
      'real',
      '--aws-speed',
      '5',
    ]);
    expect(options).toMatchObject({
      parts: new Set(['aws', 'data-plane']),
      kubeconfigs: { blue: '/etc/blue' },
      roles: [{ arn: 'arn:aws:iam::111122223333:role/r=x', externalId: 'y' }],
      awsLimits: 'real',
      awsSpeed: 5,
    });
    expect(options.ports.aws).toBe(4566);
  });

  it.each([
    [[], '--dir is needed'],
    [['--dir', 'x', '--parts', 'aws,kitchen'], "'kitchen' is not one of aws"],
    [['--dir', 'x', '--accounts', '123'], "'123' is not an account id"],
    [['--dir', 'x', '--health-interval-scale', '0'], 'not a number above 0'],
    [['--dir', 'x', '--aws-port', '70000'], 'is not a port'],
    [['--dir', 'x', '--aws-state', 'disk'], "'disk' is not one of file, memory"],
    [['--dir', 'x', '--kubeconfig', 'blue'], "has no '='"],
    [['--dir', 'x', '--wat'], '--wat'],
  ])('refuses %j and says why', (args, message) => {
    expect(() => readCommandLine(args)).toThrow(message);
  });
});
