import { describe, expect, it } from '@jest/globals';
import { forgetOutside, safeEnvironment } from './safe-environment.mjs';

const shell = {
  PATH: '/bin',
  HOME: '/home/me',
  DATABASE_URL: 'postgresql://production',
  AWS_PROFILE: 'production',
  AWS_ACCESS_KEY_ID: 'AKIAREAL',
  AWS_ENDPOINT_URL: 'https://real.example',
  KUBECONFIG: '/home/me/.kube/config',
  SLUICE_ENCRYPTION_KEY_FILE: '/real/key',
  KUBEBUILDER_ASSETS: '/opt/kubebuilder',
  NODE_OPTIONS: '--require ./evil.js',
};

describe('the environment of npm start', () => {
  it('holds nothing that could lead to a real account, cluster or database', () => {
    const made = JSON.stringify(safeEnvironment({}, { from: shell }));
    for (const value of ['production', 'AKIAREAL', 'real.example', '.kube/config', '/real/key', 'evil']) {
      expect(made).not.toContain(value);
    }
  });

  it('keeps what programs need to run, and shuts the files in which the AWS libraries would look', () => {
    const made = safeEnvironment({}, { from: shell });
    expect(made).toMatchObject({
      PATH: '/bin',
      HOME: '/home/me',
      AWS_CONFIG_FILE: '/dev/null',
      AWS_EC2_METADATA_DISABLED: 'true',
    });
  });

  it('keeps a name that is asked for, and sets what is given', () => {
    const made = safeEnvironment(
      { DATABASE_URL: 'postgresql://ours' },
      { from: shell, alsoKept: ['KUBEBUILDER_ASSETS'] },
    );
    expect(made).toMatchObject({ DATABASE_URL: 'postgresql://ours', KUBEBUILDER_ASSETS: '/opt/kubebuilder' });
  });

  it('is taken out of npm start itself as well', () => {
    const own: Record<string, string> = { ...shell };
    forgetOutside(own);
    expect(own).toMatchObject({ PATH: '/bin', KUBECONFIG: '/dev/null' });
    expect(JSON.stringify(own)).not.toContain('production');
  });
});
