/**
 * B. Containers.
 */
import assert from 'node:assert/strict'
import { defined } from '../../../kit/defined.js'
import { compareNames, StorageError } from '../../../provider.js'
import { all, type ConformanceCategory, needs } from '../../run/case.js'
import { bytes } from '../../tools/content.js'
import { eachRejects, isCode, read, rejects } from '../../tools/expectations.js'
import { processes, raceOf } from '../writing/other-processes.js'

/** More files than a page of most services holds. */
const overOnePage = 1100

export const containers: ConformanceCategory = {
  title: 'Containers',
  cases: [
    {
      id: 'B.1',
      name: 'a created container exists',
      async run({ storage, secondStorage, containerName }) {
        const name = containerName()
        const created = await storage.createContainer({ name })
        assert.equal(created.name, name)
        assert.equal((await secondStorage.getContainer(name)).name, name)
        assert.deepEqual(await secondStorage.getFiles(name), [], 'a new container is empty')
      },
    },
    {
      id: 'B.2',
      name: 'creating an existing container fails with CONTAINER_EXISTS and keeps its files',
      async run({ storage, container, put, read }) {
        await put('kept', bytes(10))
        const error = await rejects(storage.createContainer({ name: container }), 'CONTAINER_EXISTS')
        assert.equal(error.container, container)
        assert.deepEqual(await read('kept'), bytes(10))
      },
    },
    {
      id: 'B.3',
      name: 'exactly one of several concurrent creations succeeds',
      async run({ storage, secondStorage, containerName }) {
        const name = containerName()
        const tries = Array.from({ length: 8 }, (_, index) =>
          (index % 2 === 0 ? storage : secondStorage).createContainer({ name }),
        )
        const outcomes = await Promise.allSettled(tries)
        assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1, 'exactly one is created')
        for (const outcome of outcomes) {
          if (outcome.status === 'rejected') await rejects(Promise.reject(outcome.reason), 'CONTAINER_EXISTS')
        }
      },
    },
    {
      id: 'B.4',
      name: 'invalid names are rejected before any I/O, with the rule in the message',
      async run(context) {
        const faulty = context.faulty()
        const storage = context.over(faulty)
        const { maxBytes, rule } = context.capabilities.containerNames
        const invalid: unknown[] = [
          '',
          '.',
          '..',
          'a/b',
          'a\0b',
          'a'.repeat(maxBytes + 1),
          'a\ud800b',
          7,
          null,
          undefined,
        ]
        for (const name of invalid as string[]) {
          const operations = {
            createContainer: () => storage.createContainer({ name }),
            getContainer: () => storage.getContainer(name),
            destroyContainer: () => storage.destroyContainer(name),
            getFiles: () => storage.getFiles(name),
            putFile: () => storage.putFile(name, 'file', bytes(1)),
          }
          await eachRejects(operations, 'INVALID_NAME', ({ message }) => {
            if (typeof name === 'string') assert.ok(message.includes(rule), `the message lacks the rule: ${message}`)
          })
        }
        assert.deepEqual(faulty.calls, [])
      },
    },
    {
      id: 'B.5',
      name: 'the shortest and the longest name',
      async run({ storage, capabilities, adopt }) {
        const { minBytes, maxBytes } = capabilities.containerNames
        const letters = () =>
          Math.random()
            .toString(36)
            .replace(/[^a-z]/g, '')
            .padEnd(maxBytes, 'abcdefghijk')
        const isFree = async (name: string) => {
          try {
            return !(await storage.hasContainer(name))
          } catch (error) {
            // Another account owns the name.
            isCode(error, 'PERMISSION_DENIED')
            return false
          }
        }
        for (const length of [minBytes, maxBytes]) {
          let name = letters().slice(0, length)
          for (let tries = 0; tries < 20 && !(await isFree(name)); tries++) name = letters().slice(0, length)
          // Other accounts own all short names that were tried, so such names are valid.
          if (!(await isFree(name))) continue
          await storage.createContainer({ name })
          adopt(name)
          await storage.putFile(name, 'file', bytes(5))
          assert.deepEqual(await read(storage, name, 'file'), bytes(5))
          assert.ok((await storage.getContainers()).some((entry) => entry.name === name))
          await storage.destroyContainer(name)
          assert.equal(await storage.hasContainer(name), false)
        }
      },
    },
    {
      id: 'B.6',
      name: 'the properties of a container',
      async run({ storage, secondStorage, container }) {
        const info = await storage.getContainer(container)
        assert.equal(info.name, container)
        for (const property of ['created', 'atime', 'mtime', 'ctime'] as const) {
          const value = info[property]
          if (value !== undefined) assert.ok(value instanceof Date && !Number.isNaN(value.getTime()), property)
        }
        assert.deepEqual((await secondStorage.getContainer(container)).created, info.created)
      },
    },
    {
      id: 'B.7',
      name: 'reading a missing container fails with CONTAINER_NOT_FOUND',
      async run({ storage, containerName }) {
        const name = containerName()
        const error = await rejects(storage.getContainer(name), 'CONTAINER_NOT_FOUND')
        assert.equal(error.container, name)
      },
    },
    {
      id: 'B.8',
      name: 'hasContainer of an existing container',
      async run({ storage, container }) {
        assert.equal(await storage.hasContainer(container), true)
      },
    },
    {
      id: 'B.9',
      name: 'hasContainer of a missing and of a destroyed container',
      async run({ storage, secondStorage, containerName, container }) {
        assert.equal(await storage.hasContainer(containerName()), false)
        await storage.destroyContainer(container)
        assert.equal(await secondStorage.hasContainer(container), false)
      },
    },
    {
      id: 'B.10',
      name: 'hasContainer and hasFile pass on a permission error',
      async run(context) {
        const denied = new StorageError('PERMISSION_DENIED', 'the credentials lack this permission')
        const faulty = context.faulty().fail('getContainer', denied).fail('getFile', denied)
        const storage = context.over(faulty)
        await rejects(storage.hasContainer(context.container), 'PERMISSION_DENIED')
        await rejects(storage.hasFile(context.container, 'file'), 'PERMISSION_DENIED')
      },
    },
    {
      id: 'B.11',
      name: 'a missing container is not listed',
      async run({ storage, containerName, container }) {
        const missing = containerName()
        const before = (await storage.getContainers()).map(({ name }) => name)
        assert.ok(before.includes(container))
        assert.ok(!before.includes(missing))
        await storage.destroyContainer(container)
        assert.ok(!(await storage.getContainers()).some(({ name }) => name === container), 'a destroyed one is listed')
      },
    },
    {
      id: 'B.12',
      name: 'containers are listed in the order of their names’ bytes',
      async run({ storage, newContainer, container }) {
        // More than ten, so that the names contain numbers of one and of two digits.
        const made = [container, ...(await Promise.all(Array.from({ length: 11 }, () => newContainer())))]
        const listed = (await storage.getContainers()).map(({ name }) => name)
        assert.deepEqual(listed, listed.toSorted(compareNames))
        assert.deepEqual(
          made.filter((name) => !listed.includes(name)),
          [],
        )
      },
    },
    {
      id: 'B.13',
      name: 'a list over several pages contains each container once',
      async run({ storage, newContainer, container }) {
        const made = [container, await newContainer(), await newContainer(), await newContainer(), await newContainer()]
        const list = async () => (await storage.getContainers()).map(({ name }) => name)
        const before = await list()
        const paged: string[] = []
        let cursor: string | undefined
        do {
          const page = await storage.containerPage({ limit: 2, ...defined({ cursor }) })
          assert.ok(page.entries.length <= 2, 'a page is longer than its limit')
          assert.ok(page.cursor === undefined || page.entries.length > 0, 'a page in between is empty')
          paged.push(...page.entries.map(({ name }) => name))
          cursor = page.cursor
        } while (cursor !== undefined)
        const iterated = (await Array.fromAsync(storage.containers({ pageSize: 3 }))).map(({ name }) => name)
        // Other processes may create and destroy containers in this account at the same time.
        const after = new Set(await list())
        const lasting = before.filter((name) => after.has(name))
        for (const name of made) assert.ok(lasting.includes(name))
        for (const names of [paged, iterated]) {
          assert.equal(new Set(names).size, names.length, 'a name appears twice')
          const known = new Set(lasting)
          assert.deepEqual(
            names.filter((name) => known.has(name)),
            lasting,
          )
        }
      },
    },
    {
      id: 'B.14',
      name: 'an empty container is destroyed',
      async run({ storage, secondStorage, container, newContainer }) {
        await storage.destroyContainer(container, { onlyIfEmpty: true })
        await rejects(secondStorage.getContainer(container), 'CONTAINER_NOT_FOUND')
        const other = await newContainer()
        await storage.destroyContainer(other)
        await rejects(secondStorage.getContainer(other), 'CONTAINER_NOT_FOUND')
      },
    },
    {
      id: 'B.15',
      name: 'onlyIfEmpty does not destroy a container with files, and keeps the files',
      async run({ storage, container, put, names, read }) {
        await put('deep/er/file', bytes(10))
        await put('file', bytes(20), { contentType: 'image/png' })
        await rejects(storage.destroyContainer(container, { onlyIfEmpty: true }), 'CONTAINER_NOT_EMPTY')
        assert.deepEqual(await names(), ['deep/er/file', 'file'])
        assert.deepEqual(await read('file'), bytes(20))
        assert.equal((await storage.getFile(container, 'file')).contentType, 'image/png')
        await storage.removeFiles(container, ['deep/er/file', 'file'])
        await storage.destroyContainer(container, { onlyIfEmpty: true })
      },
    },
    {
      id: 'B.16',
      name: 'a container with several pages of files is destroyed',
      async run({ storage, container, putMany, partSize, capabilities }) {
        const files = Array.from({ length: overOnePage }, (_, index) => `folder ${index % 7}/file ${index}`)
        await putMany(files)
        if (capabilities.parts !== false) await storage.startUpload(container, 'unfinished', { partSize })
        await storage.destroyContainer(container)
        assert.equal(await storage.hasContainer(container), false)
        await rejects(storage.getFile(container, 'folder 0/file 0'), 'CONTAINER_NOT_FOUND')
      },
    },
    {
      id: 'B.17',
      name: 'destroying a missing container fails with CONTAINER_NOT_FOUND',
      async run({ storage, containerName, container }) {
        await rejects(storage.destroyContainer(containerName()), 'CONTAINER_NOT_FOUND')
        await rejects(storage.destroyContainer(containerName(), { onlyIfEmpty: true }), 'CONTAINER_NOT_FOUND')
        await storage.destroyContainer(container)
        await rejects(storage.destroyContainer(container), 'CONTAINER_NOT_FOUND')
      },
    },
    {
      id: 'B.18',
      name: 'a container that is created again contains nothing of the previous one',
      async run(context) {
        const { storage, container, partSize, capabilities } = context
        await context.put('ghost', bytes(10), { contentType: 'image/png' })
        await context.put('folder/ghost', bytes(10))
        if (capabilities.parts !== false) await storage.startUpload(container, 'ghost', { partSize })
        await storage.destroyContainer(container)
        await storage.createContainer({ name: container })
        assert.deepEqual(await context.names(), [])
        assert.deepEqual(await context.uploads(), [])
        await context.nothingOf('ghost')
        await context.put('ghost', bytes(5), { contentType: 'text/plain' })
        assert.equal((await storage.getFile(container, 'ghost')).contentType, 'text/plain')
      },
    },
    {
      id: 'B.19',
      name: 'every file operation in a missing container fails with CONTAINER_NOT_FOUND',
      async run(context) {
        const { storage, containerName, container, partSize, capabilities } = context
        await context.put('source')
        const missing = containerName()
        const there = { container, file: 'source' }
        const nowhere = { container: missing, file: 'file' }
        const operations = {
          getFile: () => storage.getFile(missing, 'file'),
          hasFile: () => storage.hasFile(missing, 'file'),
          openFile: () => storage.openFile(missing, 'file'),
          putFile: () => storage.putFile(missing, 'file', bytes(10)),
          removeFile: () => storage.removeFile(missing, 'file'),
          removeFiles: () => storage.removeFiles(missing, ['file']),
          'copyFile from it': () => storage.copyFile(nowhere, { container, file: 'target' }),
          'copyFile to it': () => storage.copyFile(there, nowhere),
          'moveFile from it': () => storage.moveFile(nowhere, { container, file: 'target' }),
          'moveFile to it': () => storage.moveFile(there, nowhere),
          ...(capabilities.parts === false
            ? {}
            : {
                startUpload: () => storage.startUpload(missing, 'file', { partSize }),
                uploads: () => Array.fromAsync(storage.uploads(missing)),
              }),
        }
        await eachRejects(operations, 'CONTAINER_NOT_FOUND', (error, operation) => {
          assert.equal(error.container, missing, `${operation} names a container other than the missing one`)
        })
        assert.equal(await storage.hasContainer(missing), false, 'an operation created the container')
        assert.deepEqual(await context.names(), ['source'])
      },
    },
    {
      id: 'B.20',
      name: 'listing a missing container fails instead of returning an empty list',
      async run({ storage, containerName }) {
        const missing = containerName()
        await rejects(storage.getFiles(missing), 'CONTAINER_NOT_FOUND')
        await rejects(storage.getFiles(missing, { prefix: 'a/', delimiter: '/' }), 'CONTAINER_NOT_FOUND')
        await rejects(storage.filePage(missing), 'CONTAINER_NOT_FOUND')
        await rejects(Array.fromAsync(storage.files(missing)), 'CONTAINER_NOT_FOUND')
      },
    },
    {
      id: 'B.21',
      name: 'containers named upload, files and download',
      async run({ storage, adopt }) {
        for (const name of ['upload', 'files', 'download']) {
          // If another account owns the name, the name is valid.
          const created = await storage.createContainer({ name }).catch(async (error: unknown) => {
            await rejects(Promise.reject(error), 'CONTAINER_EXISTS', 'PERMISSION_DENIED')
          })
          if (created === undefined) continue
          adopt(name)
          await storage.putFile(name, name, bytes(10))
          assert.deepEqual(await read(storage, name, name), bytes(10))
          await storage.destroyContainer(name)
        }
      },
    },
    {
      id: 'B.22',
      name: 'onlyIfEmpty loses no file that is written at the same time',
      needs: needs.atomicDestroyEmpty,
      async run({ storage, secondStorage, newContainer }) {
        for (let round = 0; round < 10; round++) {
          const container = await newContainer()
          const writes = Array.from({ length: 4 }, (_, index) =>
            secondStorage.putFile(container, `a/${index}`, bytes(100, index)),
          )
          const [removal, ...written] = await Promise.allSettled([
            storage.destroyContainer(container, { onlyIfEmpty: true }),
            ...writes,
          ])
          if (removal?.status === 'rejected') isCode(removal.reason, 'CONTAINER_NOT_EMPTY')
          for (const [index, outcome] of written.entries()) {
            if (outcome.status === 'rejected') isCode(outcome.reason, 'CONTAINER_NOT_FOUND')
            else assert.deepEqual(await read(secondStorage, container, `a/${index}`), bytes(100, index))
          }
          assert.equal(await storage.hasContainer(container), removal?.status === 'rejected')
        }
      },
    },
    {
      id: 'B.23',
      name: 'concurrent creations with ifNotExists all succeed, and keep the files',
      async run({ storage, secondStorage, containerName }) {
        const name = containerName()
        const create = (index: number) =>
          (index % 2 === 0 ? storage : secondStorage).createContainer({ name, ifNotExists: true })
        const created = await Promise.all(Array.from({ length: 6 }, (_, index) => create(index)))
        for (const info of created) assert.equal(info.name, name)
        await storage.putFile(name, 'file', 'text')
        assert.equal((await create(0)).name, name)
        assert.equal(await secondStorage.hasFile(name, 'file'), true)
        await rejects(storage.createContainer({ name }), 'CONTAINER_EXISTS')
      },
    },
    {
      id: 'B.24',
      name: 'onlyIfEmpty loses no file that other processes write at the same time',
      needs: all(needs.atomicDestroyEmpty, needs.otherProcess),
      async run(context) {
        const { storage, newContainer } = context
        const others = await context.startProcesses(processes)
        let [written, found] = [0, 0]
        // In each round, the processes and the destruction meet once.
        for (let round = 0; round < 6; round++) {
          const targets = await Promise.all(Array.from({ length: 12 }, () => newContainer()))
          const destroy = async () => {
            // The last container first, so that they meet in the middle.
            for (const name of targets.toReversed()) {
              await storage.destroyContainer(name, { onlyIfEmpty: true }).catch((error: unknown) => {
                isCode(error, 'CONTAINER_NOT_EMPTY')
              })
            }
          }
          const [count] = await Promise.all([raceOf(others, { name: 'writeInto', containers: targets }), destroy()])
          written += count
          for (const name of targets) {
            if (await storage.hasContainer(name)) found += (await storage.getFiles(name)).length
          }
        }
        assert.equal(found, written, 'the files that exist, and the writes that succeeded')
      },
    },
  ],
}
