/**
 * A. The contract as a whole.
 */

import assert from 'node:assert/strict'
import { tmpdir } from 'node:os'
import { buffer } from 'node:stream/consumers'
import { inspect } from 'node:util'
import { headerAttributes, mapHeaderAttributes } from '../../../contract/attributes.js'
import { type Body, StorageService } from '../../../index.js'
import { ProviderWrapper, providerMethods, type StorageProvider } from '../../../provider.js'
import type { ConformanceCategory } from '../../run/case.js'
import { bytes, failingAfter, pieces } from '../../tools/content.js'
import { eachRejects, lasting, rejects } from '../../tools/expectations.js'
import { everyOperation, manyErrors, nothing } from '../../tools/operations.js'
import { allAttributes } from '../writing/attributes.js'

/** Without the stack: the code may be in any directory. */
const withoutStack = (text: string) => text.replaceAll(/^\s+at .*$/gm, '')

export const contract: ConformanceCategory = {
  title: 'Contract',
  cases: [
    {
      id: 'A.1',
      name: 'two handles see the same data',
      async run({ storage, secondStorage, container, newContainer }) {
        assert.notEqual(storage.provider, secondStorage.provider)
        await storage.putFile(container, 'a', 'first')
        assert.equal(await (await secondStorage.openFile(container, 'a')).text(), 'first')
        await secondStorage.putFile(container, 'a', 'second')
        assert.equal(await (await storage.openFile(container, 'a')).text(), 'second')
        const [first, second] = [await storage.getFile(container, 'a'), await secondStorage.getFile(container, 'a')]
        assert.deepEqual(lasting(second), lasting(first))
        await secondStorage.removeFile(container, 'a')
        assert.equal(await storage.hasFile(container, 'a'), false)
        assert.equal(await secondStorage.hasContainer(await newContainer()), true)
      },
    },
    {
      id: 'A.2',
      name: 'capabilities are frozen, plain data and constant',
      async run({ provider, storage, secondStorage, capabilities }) {
        assert.deepEqual(JSON.parse(JSON.stringify(capabilities)), capabilities)
        assert.equal(provider.capabilities, provider.capabilities)
        assert.equal(storage.capabilities, provider.capabilities)
        assert.deepEqual(secondStorage.capabilities, capabilities)
        isFrozen(capabilities, 'capabilities')
        const { parts, maxFileSize, maxPutSize, maxPageSize, containerNames } = capabilities
        assert.ok(maxPageSize >= 1 && maxPutSize >= 1 && maxFileSize >= maxPutSize)
        assert.ok(containerNames.minBytes >= 1 && containerNames.maxBytes >= containerNames.minBytes)
        if (parts !== false)
          assert.ok(parts.minPartSize >= 1 && parts.maxPartSize >= parts.minPartSize && parts.maxParts > 1)
        assert.ok(typeof storage.name === 'string' && storage.name !== '')
      },
    },
    {
      id: 'A.3',
      name: 'what the capabilities rule out is rejected before any I/O, with the name of the capability',
      async run(context) {
        const { container } = context
        const faulty = context.faulty(nothing)
        const storage = context.over(faulty)
        const places = [
          { container, file: 'a' },
          { container, file: 'b' },
        ] as const
        const put = (options: Parameters<StorageService['putFile']>[3]) => () =>
          storage.putFile(container, 'file', 'text', options)
        const upload = { container, file: 'file', id: 'id', partSize: 1000 }
        const operations: Record<string, [capability: string, operation: () => Promise<unknown>]> = {
          ...mapHeaderAttributes((name): [string, () => Promise<unknown>] => [
            `attributes.${name}`,
            put({ [name]: headerAttributes[name].example }),
          ]),
          metadata: ['attributes.maxMetadataBytes', put({ metadata: { a: 'b' } })],
          'create-only': ['conditions.create', put({ ifNoneMatch: '*' })],
          update: ['conditions.update', put({ ifMatch: '"a"' })],
          'create-only copy': ['conditions.create', () => storage.copyFile(...places, { ifNoneMatch: '*' })],
          'create-only move': ['conditions.create', () => storage.moveFile(...places, { ifNoneMatch: '*' })],
          'attributes of a copy': [
            'attributes.cacheControl',
            () => storage.copyFile(...places, { attributes: { cacheControl: 'no-cache' } }),
          ],
          remove: ['conditions.remove', () => storage.removeFile(container, 'file', { ifMatch: '"a"' })],
          crc32c: ['checksums', put({ checksums: { crc32c: '00000000' } })],
          acl: ['acl', put({ acl: 'public-read' })],
          'native options': ['nativeOptions', put({ native: { StorageClass: 'GLACIER' } })],
          startUpload: ['parts', () => storage.startUpload(container, 'file')],
          uploadPart: ['parts', () => storage.uploadPart(upload, 1, 'text')],
          parts: ['parts', () => Array.fromAsync(storage.parts(upload))],
          completeUpload: ['parts', () => storage.completeUpload(upload, [{ partNumber: 1, size: 1, tag: 'a' }])],
          abortUpload: ['parts', () => storage.abortUpload(upload)],
          uploads: ['parts', () => Array.fromAsync(storage.uploads(container))],
          purgeUploads: ['parts', () => storage.purgeUploads(container)],
          signUrl: ['signedUrls', () => storage.signUrl(container, 'file', { method: 'GET', expiresIn: 60 })],
        }
        for (const [name, [capability, operation]] of Object.entries(operations)) {
          const error = await rejects(operation(), 'NOT_SUPPORTED')
          assert.equal(error.details.capability, capability, name)
        }
        assert.deepEqual(faulty.calls, [])
        await storage.putFile(container, 'plain', 'text', { metadata: {}, native: {}, checksums: {} })
      },
    },
    {
      id: 'A.4',
      name: 'options and bodies are not modified',
      async run(context) {
        const { storage, container, capabilities } = context
        const signal = new AbortController().signal
        const options = freeze({ ...allAttributes(context), checksums: {}, native: {} })
        const body = bytes(1000)
        const places = freeze({ source: { container, file: 'a' }, target: { container, file: 'b' } })
        await storage.putFile(container, 'a', body, { ...options, signal })
        assert.deepEqual(body, bytes(1000))
        await storage.putFile(container, 'a', body, options)
        await storage.putFile(container, 'a', pieces(body, 10), options)
        await (await storage.openFile(container, 'a', freeze({ range: { start: 1, end: 5 }, ifMatch: '*' }))).bytes()
        await storage.getFile(container, 'a', freeze({ ifModifiedSince: new Date(0), ifNoneMatch: ['"a"', '"b"'] }))
        await storage.copyFile(places.source, places.target, freeze({ attributes: allAttributes(context) }))
        await storage.moveFile(places.target, places.source, freeze({}))
        await storage.getFiles(container, freeze({ prefix: 'a', delimiter: '/', startAfter: '0', pageSize: 1 }))
        await storage.filePage(container, freeze({ limit: 1 }))
        await storage.removeFiles(container, freeze(['a', 'b']), freeze({}))
        if (capabilities.parts === false) return
        const upload = freeze(
          await storage.startUpload(container, 'a', freeze({ ...options, partSize: context.partSize })),
        )
        const parts = freeze([await storage.uploadPart(upload, 1, body, freeze({}))])
        await storage.completeUpload(upload, parts, freeze({}))
        await storage.purgeUploads(container, freeze({ prefix: 'a' }))
      },
    },
    {
      id: 'A.5',
      name: 'close can be called repeatedly',
      async run({ newProvider, over }) {
        const storage = over(newProvider())
        await storage.getContainers()
        await Promise.all([storage.close(), storage.close()])
        await storage.close()
        const untouched = over(newProvider())
        await untouched.close()
        await untouched[Symbol.asyncDispose]()
      },
    },
    {
      id: 'A.6',
      name: 'after close, every operation fails with CLOSED',
      async run(context) {
        const storage = context.over(context.newProvider())
        await storage.close()
        await eachRejects(everyOperation(storage, context), 'CLOSED', (error) => {
          assert.equal(error.provider, storage.name)
        })
        assert.equal(storage.capabilities.maxPageSize, context.capabilities.maxPageSize)
        await context.put('file')
      },
    },
    {
      id: 'A.7',
      name: 'an error has its code, operation, provider, container, file and cause',
      async run(context) {
        const { storage, container } = context
        const missing = await rejects(storage.getFile(container, 'a/missing'), 'FILE_NOT_FOUND')
        assert.deepEqual(
          [missing.name, missing.statusCode, missing.operation, missing.provider, missing.container, missing.file],
          ['StorageError', 404, 'getFile', storage.name, container, 'a/missing'],
        )
        const json = JSON.parse(JSON.stringify(missing)) as Record<string, unknown>
        assert.deepEqual(
          [json['code'], json['operation'], json['container'], json['file']],
          ['FILE_NOT_FOUND', 'getFile', container, 'a/missing'],
        )
        const failure = new Error('the disk failed')
        const failed = await rejects(storage.putFile(container, 'file', failingAfter([], failure)), 'SOURCE_FAILED')
        assert.equal(failed.cause, failure)
        for (const error of await manyErrors(context)) {
          assert.equal(error.provider, storage.name)
          assert.ok(
            error.container !== undefined || error.operation === 'containerPage',
            `${error.operation} names no container`,
          )
          assert.ok(error.message.length > 10, error.message)
        }
      },
    },
    {
      id: 'A.8',
      name: 'errors, their JSON and their inspection contain no secret and no path',
      async run(context) {
        for (const error of await manyErrors(context)) {
          const shown = [error.message, JSON.stringify(error), inspect(error.cause, { depth: 20, showHidden: true })]
          for (const text of shown) {
            assert.ok(!withoutStack(text).includes(tmpdir()), `the error contains a path of the server: ${text}`)
          }
          for (const secret of context.secrets) {
            const whole = [...shown, String(error), inspect(error, { depth: 20, showHidden: true })]
            for (const text of whole)
              assert.ok(!text.includes(secret), `${error.code} of ${error.operation} contains a secret`)
          }
        }
      },
    },
    {
      id: 'A.9',
      name: 'the native client is accessible',
      async run({ provider, storage }) {
        assert.notEqual(storage.native, undefined)
        assert.equal(storage.native, provider.native)
      },
    },
    {
      id: 'A.10',
      name: 'a wrapper forwards every method unchanged',
      async run(context) {
        const received: unknown[] = []
        const methods = Object.fromEntries(
          providerMethods.map((method) => [
            method,
            function (this: unknown, ...args: unknown[]) {
              received.push(this, args)
              return Promise.resolve(method)
            },
          ]),
        )
        const inner = {
          name: 'inner',
          capabilities: { ...context.capabilities, resumableUploads: true },
          native: {},
          ...methods,
        } as unknown as StorageProvider
        const wrapper = new ProviderWrapper(inner)
        assert.deepEqual([wrapper.name, wrapper.native], [inner.name, inner.native])
        assert.equal(wrapper.capabilities, inner.capabilities)
        for (const method of providerMethods) {
          received.length = 0
          const args =
            method === 'close' ? [] : [{ a: 1 }, { b: 2 }, { c: 3 }, { d: 4 }].slice(0, inner[method]?.length || 4)
          const call = wrapper[method] as unknown as (...args: unknown[]) => Promise<unknown>
          assert.equal(await call.apply(wrapper, args), method)
          assert.equal(received[0], inner, `${method} is called without its provider`)
          const given = received[1] as unknown[]
          assert.ok(given.length >= Math.min(args.length, 1) || method === 'close', method)
          for (const [index, value] of given.entries()) assert.equal(value, args[index], `${method}, argument ${index}`)
        }
        const { moveFile: _moveFile, ...without } = inner
        assert.equal(new ProviderWrapper(without as StorageProvider).moveFile, undefined)
        const storage = new StorageService(new ProviderWrapper(new ProviderWrapper(context.provider)))
        await storage.putFile(context.container, 'file', bytes(10))
        await storage.moveFile(
          { container: context.container, file: 'file' },
          { container: context.container, file: 'b' },
        )
        await context.isWhole('b', bytes(10))
      },
    },
    {
      id: 'A.11',
      name: 'construction does no I/O',
      async run({ newProvider, faulty, over }) {
        const before = process.getActiveResourcesInfo().toSorted()
        const provider = newProvider()
        const { name, capabilities, native } = provider
        assert.deepEqual(process.getActiveResourcesInfo().toSorted(), before, 'the constructor started I/O')
        assert.ok(name !== '' && capabilities !== undefined && native !== undefined)
        await new StorageService(provider).close()
        const watched = faulty()
        const storage = over(watched)
        assert.ok(storage.name !== '' && storage.capabilities !== undefined && storage.native !== undefined)
        assert.deepEqual(watched.calls, [])
      },
    },
    {
      id: 'A.12',
      name: 'concurrent first calls',
      async run({ put, newProvider, over, container, atEnd }) {
        await put('file', bytes(100))
        const storage = over(newProvider())
        atEnd(() => storage.close())
        const calls = Array.from({ length: 10 }, async (_, index) => {
          const info = await storage.getContainer(container)
          assert.equal(info.name, container)
          assert.equal(await storage.hasFile(container, 'file'), true)
          await storage.putFile(container, `written ${index}`, bytes(index))
        })
        const lists = Array.from({ length: 5 }, () => storage.getFiles(container, { prefix: 'file' }))
        await Promise.all([...calls, ...lists])
        for (const list of await Promise.all(lists)) assert.equal(list.length, 1)
        assert.equal((await storage.getFiles(container, { prefix: 'written' })).length, 10)
      },
    },
    {
      id: 'A.13',
      name: 'wrong arguments reject the promise instead of throwing',
      async run(context) {
        const storage = context.over(context.faulty()) as unknown as Record<
          string,
          (...args: unknown[]) => Promise<unknown>
        >
        const methods = [
          'getContainer',
          'hasContainer',
          'createContainer',
          'destroyContainer',
          'getFiles',
          'filePage',
          'getFile',
          'hasFile',
          'openFile',
          'putFile',
          'removeFile',
          'removeFiles',
          'copyFile',
          'moveFile',
          'startUpload',
          'uploadPart',
          'completeUpload',
          'abortUpload',
          'purgeUploads',
          'signUrl',
        ]
        for (const method of methods) {
          for (const args of [[], [undefined, undefined], [7, 7, 7], [{}, {}, {}], ['a\0b', '', null]]) {
            const rejected = storage[method]?.(...args)
            assert.ok(rejected instanceof Promise, `${method} does not return a promise`)
            const codes = ['INVALID_NAME', 'INVALID_ARGUMENT', 'INVALID_PART', 'NOT_SUPPORTED'] as const
            await rejects(rejected, ...codes).catch((cause: unknown) => {
              throw new Error(`${method}(${inspect(args)}): ${String(cause)}`)
            })
          }
        }
        for (const options of [
          { signal: 'no signal' },
          { timeout: 0 },
          { timeout: -1 },
          { timeout: Number.NaN },
          { timeout: '5' },
        ]) {
          await rejects(
            storage['getFile']?.(context.container, 'file', options) as Promise<unknown>,
            'INVALID_ARGUMENT',
          )
        }
        const upload = context.storage.uploadStream(context.container, '')
        upload.on('error', () => undefined)
        await rejects(upload.file, 'INVALID_NAME')
        await rejects(buffer(context.storage.downloadStream(context.container, '')), 'INVALID_NAME')
      },
    },
    {
      id: 'A.14',
      name: 'an undefined option equals a missing one',
      async run({ storage, container, read }) {
        const options = {
          signal: undefined,
          timeout: undefined,
          contentType: undefined,
          cacheControl: undefined,
          metadata: undefined,
          ifMatch: undefined,
          ifNoneMatch: undefined,
          size: undefined,
          maxSize: undefined,
          checksums: undefined,
          partSize: undefined,
          parallelism: undefined,
        }
        await storage.putFile(container, 'file', 'text' as Body, options)
        const range = { start: 1, end: undefined }
        assert.equal(String(await read('file', { ...options, range })), 'ext')
        await storage.copyFile({ container, file: 'file' }, { container, file: 'b' }, { attributes: undefined })
        const list = { prefix: undefined, delimiter: undefined, startAfter: undefined, pageSize: undefined }
        assert.equal((await storage.getFiles(container, list)).length, 2)
        assert.equal((await storage.filePage(container, { limit: undefined, cursor: undefined })).entries.length, 2)
      },
    },
  ],
}

function isFrozen(value: unknown, path: string): void {
  if (typeof value !== 'object' || value === null) return
  assert.ok(Object.isFrozen(value), `${path} can be changed`)
  for (const [key, inner] of Object.entries(value)) isFrozen(inner, `${path}.${key}`)
}

/** Freezes a value deeply, so that a change throws. */
function freeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !ArrayBuffer.isView(value)) {
    Object.values(value).forEach(freeze)
    Object.freeze(value)
  }
  return value
}
