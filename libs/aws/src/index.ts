export { ElbV2LoadBalancer, type ElbV2Options } from './elbv2-load-balancer.js';
