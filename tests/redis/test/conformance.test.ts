import { createClient } from '@redis/client'
import { registerConformance } from '@stowage/core/conformance'
import { describeServer, freePort } from '@stowage/test-servers'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { RedisProvider } from '../src/index.js'
import { RedisServer, SilentServer } from './redis-server.js'

const ports = { plain: await freePort(), full: await freePort(), busy: await freePort(), silent: await freePort() }
const urlOf = (name: keyof typeof ports) => `redis://127.0.0.1:${ports[name]}`
const settings = { url: urlOf('plain'), prefix: 'conformance' }

/**
 * Returns the keys of contents that belong to no file and to no part of an upload. A script,
 * because some cases have thousands of files.
 */
const contentsWithoutFile = `
local used, unused = {}, {}
for _, key in ipairs(redis.call('KEYS', 'conformance:file:*')) do used[redis.call('HGET', key, 'version')] = true end
for _, key in ipairs(redis.call('KEYS', 'conformance:parts:*')) do
  for _, part in ipairs(redis.call('HVALS', key)) do used[string.match(part, '%d+')] = true end
end
for _, key in ipairs(redis.call('KEYS', 'conformance:content:*')) do
  if not used[string.match(key, '%d+$')] then table.insert(unused, key) end
end
return unused
`

describeServer('redis', ({ server }) => {
  const client = createClient({ url: settings.url })
  const busy = createClient({ url: urlOf('busy') })
  const resources = new AsyncDisposableStack()

  beforeAll(async () => {
    resources.use(await SilentServer.start(ports.silent))
    resources.use(await RedisServer.start(ports.plain))
    resources.use(await RedisServer.start(ports.full, '--maxmemory', '12mb', '--maxmemory-policy', 'noeviction'))
    resources.use(await RedisServer.start(ports.busy, '--busy-reply-threshold', '10'))
    for (const each of [client, busy]) {
      await each.connect()
      resources.defer(() => each.destroy())
    }
  })

  registerConformance({ describe, it, after: afterAll }, 'redis', {
    createProvider: () => new RedisProvider(settings),
    otherProcess: { module: new URL('../dist/index.js', import.meta.url).href, settings },
    leftovers: async () => (await client.eval(contentsWithoutFile)) as string[],
    open: async () => (await client.sendCommand(['CLIENT', 'LIST'])).toString().split('\n').length,
    breakService: {
      unreachable: () => new RedisProvider({ url: 'redis://127.0.0.1:1' }),
      silent: () => new RedisProvider({ url: urlOf('silent') }),
      refused: () => new RedisProvider({ url: settings.url.replace('//', '//user:wrong-password@') }),
      busy: () => {
        // Without end: the server executes it until it is stopped.
        busy.eval('while true do end').catch(() => undefined)
        return new RedisProvider({ url: urlOf('busy') })
      },
      full: () => new RedisProvider({ url: urlOf('full') }),
    },
    secrets: ['wrong-password', '127.0.0.1'],
    server,
    cleanUp: () => resources.disposeAsync(),
  })
})
