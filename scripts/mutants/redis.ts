import type { Mutant } from './mutant.ts'

const at = (module: string) => `tests/redis/src/${module}.ts`

export const redisMutants: readonly Mutant[] = [
  {
    name: 'checks a condition in one request, and writes in another',
    file: at('writer'),
    find: "const args = [container, file, bytes, ...stored, conditions.ifMatch ?? '', conditions.ifNoneMatch ?? '']",
    replace: `const { getFile } = await import('./reader.js')
  const present = await getFile(connection, container, file, { conditions: {}, signal }).catch(() => undefined)
  await new Promise((resolve) => setTimeout(resolve, 20))
  const fails = conditions.ifNoneMatch ? present !== undefined : conditions.ifMatch && conditions.ifMatch !== present?.etag
  if (fails) {
    const { StorageError } = await import('@stowage/core/provider')
    throw new StorageError('PRECONDITION_FAILED', '')
  }
  const args = [container, file, bytes, ...stored, '', '']`,
    case: 'J.16',
    inProcesses: true,
  },
  {
    name: 'checks that a container is empty in one request, and destroys it in another',
    file: at('containers'),
    find: "await connection.script(signal, scripts.destroyContainer, [container, onlyIfEmpty ? '1' : ''])",
    replace: `if (onlyIfEmpty) {
    const files = await connection.run(signal, (client) => client.zCard(\`\${connection.prefix}:names:\${container}\`))
    if (files > 0) return void (await connection.script(signal, scripts.destroyContainer, [container, '1']))
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  await connection.script(signal, scripts.destroyContainer, [container, ''])`,
    case: 'B.24',
    inProcesses: true,
  },
  {
    name: 'waits for a silent server when its signal is aborted',
    file: at('connection'),
    find: 'await untilAborted(this.#connect(), signal)',
    replace: 'await this.#connect()',
    case: 'F.21',
  },
  {
    name: 'waits for a silent server when it is closed',
    file: at('connection'),
    find: 'if (this.#client.isOpen) this.#client.destroy()\n  }\n}',
    replace: 'await this.#connecting\n  }\n}',
    case: 'F.21',
  },
  {
    name: 'reports the uploads of a missing container as unknown',
    file: at('scripts/prelude'),
    find: "local missing = requireContainer(container)\n  if missing then return missing end\n  if redis.call('HGET'",
    replace: "if redis.call('HGET'",
    case: 'G.30',
  },
  {
    name: 'copies a missing file, and names the target',
    file: at('scripts/files'),
    find: "failure('FILE_NOT_FOUND', 'source')",
    replace: "failure('FILE_NOT_FOUND')",
    case: 'N.7',
  },
  {
    name: 'reports an unreachable server as an internal error',
    file: at('errors'),
    find: "new StorageError('UNAVAILABLE', 'no connection to the server'",
    replace: "new StorageError('INTERNAL', 'no connection to the server'",
    case: 'Q.25',
  },
  {
    name: 'passes on the error of the client',
    file: at('errors'),
    find: "'no connection to the server', { cause: describeCause(error) }",
    replace: "'no connection to the server', { cause: error }",
    case: 'Q.25',
  },
  {
    name: 'reports a full server as an internal error',
    file: at('errors'),
    find: "OOM: ['NO_SPACE'",
    replace: "OOM: ['INTERNAL'",
    case: 'Q.26',
  },
  {
    name: 'reports a busy server as an internal error',
    file: at('errors'),
    find: "BUSY: ['UNAVAILABLE'",
    replace: "BUSY: ['INTERNAL'",
    case: 'Q.27',
  },
  {
    name: 'reports rejected credentials as an internal error',
    file: at('errors'),
    find: "WRONGPASS: ['UNAUTHENTICATED'",
    replace: "WRONGPASS: ['INTERNAL'",
    case: 'Q.28',
  },
  {
    name: 'leaves the content of a part that is sent again',
    file: at('scripts/uploads'),
    find: "if previous then redis.call('DEL', key('content', string.match(previous, '%d+'))) end",
    replace: '',
    case: 'G.28',
  },
]
