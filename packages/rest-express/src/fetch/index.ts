/**
 * `@stowage/rest-express/fetch`: the storage routes as a function of a web-standard request, for
 * servers that have no Node request: Next.js, Hono, SvelteKit, Bun, Deno.
 *
 * The routes are those of the router: only the request and the response differ.
 */
export type { ResponseHead } from '../http/messages.js'
export { type StorageHandler, type StorageHandlerOptions, storageHandler } from './storage-handler.js'
