export type { ProxyLink } from './port.ts';
export { connectProxy } from './proxy-link.ts';
export type { HttpsInput, RoutedService, RouteTableInput } from './route-table.ts';
export { buildRouteTable } from './route-table.ts';
export { SharedProxy } from './shared-proxy.ts';
