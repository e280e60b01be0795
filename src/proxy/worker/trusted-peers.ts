import { BlockList, isIPv6 } from 'node:net';

/** Addresses of proxies in front whose word about their clients is believed. */
export class TrustedPeers {
  readonly #ranges = new BlockList();

  /** CIDRs that the table check has accepted. */
  constructor(cidrs: readonly string[]) {
    for (const cidr of cidrs) {
      const [network = '', bits = ''] = cidr.split('/');
      this.#ranges.addSubnet(network, Number(bits), familyOf(network));
    }
  }

  has(address: string): boolean {
    return address !== '' && this.#ranges.check(address, familyOf(address));
  }
}

const familyOf = (address: string): 'ipv4' | 'ipv6' => (isIPv6(address) ? 'ipv6' : 'ipv4');
