import { hostname } from 'node:os';

/** By what name this process owns lanes. */
export const replicaName = `${hostname()}:${process.pid}`;
