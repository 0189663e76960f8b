/**
 * stowage-provider-redis: containers and files on a Redis server.
 *
 * Configuration: `url`, such as `rediss://user:password@host:6379/0`, and `prefix`, with which all
 * keys begin.
 *
 * Names: stored unchanged.
 *
 * Layout: `scripts/prelude.ts` lists the keys. A version of a file is one value, which is never
 * changed. Scripts make every change atomic, so the server must not be a cluster.
 *
 * Consistency: the next call sees the result of every finished call.
 */
export { createProvider, RedisProvider } from './provider.js'
export { type RedisSettings, settings } from './settings.js'
