import { describe, expect, it } from '@jest/globals';
import fastify from 'fastify';
import { MethodTable } from './method-table.js';

describe('the method table', () => {
  it('knows the methods of plain paths, of paths with ids and of verbs, and nothing of others', () => {
    const instance = fastify();
    const table = new MethodTable();
    table.collect(instance);
    instance.get('/v1/rollouts', () => null);
    instance.post('/v1/rollouts', () => null);
    instance.get('/v1/rollouts/:id', () => null);
    instance.post('/v1/rollouts/:id(^[^:]+)::pause', () => null);
    instance.get('/*', () => null);
    expect(table.methodsFor('/v1/rollouts')).toEqual(['GET', 'HEAD', 'POST']);
    expect(table.methodsFor('/v1/rollouts/rol_1')).toEqual(['GET', 'HEAD']);
    expect(table.methodsFor('/v1/rollouts/rol_1:pause')).toEqual(['POST']);
    expect(table.methodsFor('/v1/rollouts/rol_1:explode')).toEqual([]);
    expect(table.methodsFor('/v1/rollouts/a/b')).toEqual([]);
    expect(table.methodsFor('/elsewhere')).toEqual([]);
  });
});
