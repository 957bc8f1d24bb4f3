/** The one VPC that each account has in each Region, with two subnets in two zones. All accounts see the same ids. */
export const vpcId = 'vpc-0123456789abcdef0';
export const vpcCidr = '10.0.0.0/16';
export const defaultSecurityGroupId = 'sg-0123456789abcdef0';

export interface Subnet {
  readonly id: string;
  readonly cidr: string;
  readonly zoneSuffix: 'a' | 'b';
}

export const subnets: readonly Subnet[] = [
  { id: 'subnet-0123456789abcdef0', cidr: '10.0.0.0/17', zoneSuffix: 'a' },
  { id: 'subnet-0123456789abcdef1', cidr: '10.0.128.0/17', zoneSuffix: 'b' },
];

/** The IPv4 address as a number, or undefined if it isn't one. */
export function ipv4(address: string): number | undefined {
  const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(address)?.slice(1).map(Number);
  return parts === undefined || parts.some((part) => part > 255)
    ? undefined
    : parts.reduce((sum, part) => sum * 256 + part, 0);
}

/** Whether an IPv4 address lies in a CIDR block. */
export function inCidr(address: string, cidr: string): boolean {
  const [network, bits] = cidr.split('/');
  const [a, b] = [ipv4(address), ipv4(network ?? '')];
  const size = 2 ** (32 - Number(bits));
  return a !== undefined && b !== undefined && Math.floor(a / size) === Math.floor(b / size);
}

/** The zone of the subnet that an address lies in, or undefined outside the VPC. */
export function zoneOf(address: string, regionName: string): string | undefined {
  const subnet = subnets.find((candidate) => inCidr(address, candidate.cidr));
  return subnet && `${regionName}${subnet.zoneSuffix}`;
}

/** What may be a target by address outside the VPC: RFC 1918 and RFC 6598. */
export const privateBlocks = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10'] as const;
