/**
 * stowage-provider-mine: Stowage's containers and files on My Service.
 *
 * Configuration: `endpoint`, the URL of the service, and `key`.
 *
 * Names: stored unchanged.
 *
 * Layout: a container is a bucket, and a file is an object of the same name.
 *
 * Consistency: the next call sees the result of every finished call.
 */
export { createProvider, MyProvider } from './provider.js'
export { type MySettings, settings } from './settings.js'
