import { describe, it, expect } from '@jest/globals';
import { tagsOfOurs } from './our-tags.js';
import { ownershipOf, targetGroupOwnership } from './ownership.js';
import type { TaggedResource } from './types.js';

const tagged = (kind: TaggedResource['kind'], tags: Record<string, string> = {}): TaggedResource => ({
  kind,
  arn: `arn:${kind}`,
  tags,
});
const ours = tagsOfOurs('project-1', 'listener/shop');

describe('who owns a route', () => {
  it.each([
    ['elbv2.k8s.aws/cluster', 'blue', 'the AWS Load Balancer Controller'],
    ['ingress.k8s.aws/stack', 'shop', 'the AWS Load Balancer Controller'],
    ['service.k8s.aws/resource', 'x', 'the AWS Load Balancer Controller'],
    ['ingress.k8s.aws/cluster', 'blue', 'the AWS Load Balancer Controller'],
    ['gateway.k8s.aws.alb/stack', 'x', 'the Gateway API of the AWS Load Balancer Controller'],
    ['gateway.k8s.aws.nlb/resource', 'x', 'the Gateway API of the AWS Load Balancer Controller'],
    ['aga.k8s.aws/stack', 'x', 'the Global Accelerator controller of the AWS Load Balancer Controller'],
    ['ingress.eks.amazonaws.com/stack', 'x', 'EKS Auto Mode'],
    ['service.eks.amazonaws.com/resource', 'x', 'EKS Auto Mode'],
    ['kubernetes.io/cluster/blue', 'owned', 'a Kubernetes cloud provider or ALB Ingress Controller v1'],
    ['kubernetes.io/ingress-name', 'shop', 'a Kubernetes cloud provider or ALB Ingress Controller v1'],
    ['aws:ecs:serviceName', 'shop', 'Amazon ECS'],
    ['AmazonECSManaged', '', 'Amazon ECS'],
  ])('%s=%s on any of load balancer, listener and rule is a reconciler: %s', (key, value, owner) => {
    for (const kind of ['loadBalancer', 'listener', 'rule'] as const) {
      const resources = (['loadBalancer', 'listener', 'rule'] as const).map((one) =>
        tagged(one, one === kind ? { [key]: value } : {}),
      );
      expect(ownershipOf(resources)).toMatchObject({
        kind: 'continuous',
        owner,
        evidence: `tag ${key}=${value} on ${kind} arn:${kind}`,
      });
    }
  });

  it.each([
    ['aws:cloudformation:stack-name', 'shop', 'AWS CloudFormation'],
    ['aws-cdk:id', 'x', 'the AWS CDK'],
    ['terraform', 'true', 'Terraform'],
    ['Terraform', 'yes', 'Terraform'],
    ['managed-by', 'terraform', 'Terraform'],
    ['ManagedBy', 'Terraform', 'Terraform'],
    ['managed_by', 'opentofu', 'Terraform'],
    ['Managed By', 'Terraform', 'Terraform'],
    ['provisioner', 'terraform', 'Terraform'],
    ['pulumi:project', 'x', 'Pulumi'],
  ])('%s=%s was applied, and may be written once that is acknowledged: %s', (key, value, owner) => {
    expect(ownershipOf([tagged('loadBalancer', { [key]: value }), tagged('listener')])).toMatchObject({
      kind: 'applyTime',
      owner,
      advice: expect.stringContaining('acknowledge'),
    });
  });

  it.each([
    ['nothing at all', {}],
    ['a cluster name that only lets Auto Mode register targets', { 'eks:eks-cluster-name': 'blue' }],
    ['a team and a price', { team: 'shop', 'cost-center': '42' }],
    ['a denial', { terraform: 'false' }],
    ['a person', { 'managed-by': 'the terraform-haters team' }],
  ])('%s is no owner', (_sentence, tags) => {
    expect(ownershipOf([tagged('loadBalancer', tags), tagged('listener', tags)])).toEqual({ kind: 'unowned' });
  });

  it('is us where what we write to is ours', () => {
    expect(ownershipOf([tagged('loadBalancer', ours), tagged('listener', ours)])).toEqual({ kind: 'sluice' });
    expect(ownershipOf([tagged('loadBalancer', ours), tagged('listener')])).toEqual({ kind: 'unowned' });
  });

  it('is a reconciler even around a rule of ours: it deletes rules that it does not know', () => {
    expect(
      ownershipOf([tagged('rule', ours), tagged('loadBalancer', { 'elbv2.k8s.aws/cluster': 'blue' })]),
    ).toMatchObject({ kind: 'continuous' });
  });

  it('is us for a rule of ours on a load balancer that Terraform made: it leaves rules alone that it does not know', () => {
    const made = tagged('loadBalancer', { terraform: 'true' });
    expect(ownershipOf([made, tagged('listener', { terraform: 'true' }), tagged('rule', ours)])).toEqual({
      kind: 'sluice',
    });
    expect(ownershipOf([made, tagged('listener')])).toMatchObject({ kind: 'applyTime' });
  });

  it('is a reconciler rather than the tool that applied it first', () => {
    expect(ownershipOf([tagged('loadBalancer', { terraform: 'true', 'elbv2.k8s.aws/cluster': 'blue' })])).toMatchObject(
      { kind: 'continuous' },
    );
  });

  it('is not told by a target group, whose own owner is asked for by itself', () => {
    const targetGroup = tagged('targetGroup', { 'elbv2.k8s.aws/cluster': 'blue' });
    expect(ownershipOf([tagged('loadBalancer'), tagged('listener'), targetGroup])).toEqual({ kind: 'unowned' });
    expect(targetGroupOwnership(targetGroup)).toMatchObject({
      kind: 'continuous',
      owner: 'the AWS Load Balancer Controller',
    });
    expect(targetGroupOwnership(tagged('targetGroup', { 'eks:eks-cluster-name': 'blue' }))).toEqual({
      kind: 'unowned',
    });
    expect(targetGroupOwnership(tagged('targetGroup', ours))).toEqual({ kind: 'sluice' });
  });
});
