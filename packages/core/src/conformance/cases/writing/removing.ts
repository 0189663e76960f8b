/**
 * O. Removal.
 */
import assert from 'node:assert/strict'
import { isStorageError, StorageError } from '../../../provider.js'
import type { ConformanceCategory } from '../../run/case.js'
import { bytes } from '../../tools/content.js'
import { rejects, sameBytes } from '../../tools/expectations.js'

export const removing: ConformanceCategory = {
  title: 'Removal',
  cases: [
    {
      id: 'O.1',
      name: 'only the named file is removed',
      async run({ put, storage, container, nothingOf, names, isWhole }) {
        await put('file')
        await put('file2', bytes(5))
        await put('folder/file')
        assert.equal(await storage.removeFile(container, 'file'), undefined)
        await nothingOf('file')
        assert.deepEqual(await names(), ['file2', 'folder/file'])
        await isWhole('file2', bytes(5))
      },
    },
    {
      id: 'O.2',
      name: 'removing a missing file fails with FILE_NOT_FOUND and its name',
      async run({ put, storage, secondStorage, container }) {
        await rejects(storage.removeFile(container, 'never/there'), 'FILE_NOT_FOUND')
        await put('file')
        await storage.removeFile(container, 'file')
        const error = await rejects(secondStorage.removeFile(container, 'file'), 'FILE_NOT_FOUND')
        assert.deepEqual([error.container, error.file], [container, 'file'])
      },
    },
    {
      id: 'O.3',
      name: 'a batch: one outcome per name, in order, also for missing files',
      async run({ putMany, storage, container, names }) {
        await putMany(['a', 'b', 'c/d', 'e', 'f'])
        const wanted = ['e', 'missing', 'c/d', 'a', 'e']
        const outcomes = await storage.removeFiles(container, wanted)
        assert.deepEqual(outcomes, [{ file: 'e' }, { file: 'missing' }, { file: 'c/d' }, { file: 'a' }])
        assert.deepEqual(await names(), ['b', 'f'])
        assert.deepEqual(await storage.removeFiles(container, []), [])
        const generated = (async function* () {
          yield 'b'
          yield 'f'
        })()
        assert.deepEqual(await storage.removeFiles(container, generated), [{ file: 'b' }, { file: 'f' }])
        assert.deepEqual(await names(), [])
      },
    },
    {
      id: 'O.4',
      name: 'a batch larger than the limit of any service',
      async run({ putMany, storage, container, names }) {
        const files = Array.from({ length: 1100 }, (_, index) => `folder ${index % 3}/file ${index}`)
        await putMany([...files, 'stays'])
        const absent = Array.from({ length: 1100 }, (_, index) => `missing ${index}`)
        const wanted = files.flatMap((file, index) => [file, absent[index] as string])
        const outcomes = await storage.removeFiles(container, wanted)
        assert.deepEqual(
          outcomes,
          wanted.map((file) => ({ file })),
        )
        assert.deepEqual(await names(), ['stays'])
      },
    },
    {
      id: 'O.5',
      name: 'a batch of names with special characters of XML, JSON and lines',
      async run({ putMany, storage, container, names }) {
        const files = [
          '<Key>a</Key>',
          'a & b',
          '&amp;',
          ']]>',
          '"quoted"',
          "it's",
          'a\nb',
          'a\r\nb',
          '\u0001',
          '\t',
          '%0A',
          'ä/😀',
          '\\n',
          '\u2028',
          '\ufffe',
        ]
        await putMany([...files, 'a', 'amp', 'stays'])
        assert.deepEqual(
          await storage.removeFiles(container, files),
          files.map((file) => ({ file })),
        )
        assert.deepEqual(await names(), ['a', 'amp', 'stays'])
      },
    },
    {
      id: 'O.6',
      name: 'a partial failure is reported by name',
      async run(context) {
        await context.putMany(['a', 'b', 'c'])
        const denied = new StorageError('PERMISSION_DENIED', 'not allowed')
        const faulty = context.faulty().on('removeFiles', async (proceed, container, files, options) => {
          const allowed = files.filter((file) => file !== 'b')
          const done = new Map((await proceed(container, allowed, options)).map((outcome) => [outcome.file, outcome]))
          return files.map((file) => done.get(file) ?? { file, error: denied })
        })
        const [first, second, third] = await context.over(faulty).removeFiles(context.container, ['a', 'b', 'c'])
        assert.deepEqual([first, third], [{ file: 'a' }, { file: 'c' }])
        assert.equal(second?.file, 'b')
        assert.ok(isStorageError(second?.error, 'PERMISSION_DENIED'))
        assert.deepEqual(
          [second.error.operation, second.error.container, second.error.file],
          ['removeFiles', context.container, 'b'],
        )
        assert.deepEqual(await context.names(), ['b'])
      },
    },
    {
      id: 'O.7',
      name: 'removing the files in foo/ keeps foobar',
      async run({ putMany, distinct, storage, container, names }) {
        const stored = distinct(['foo/1', 'foo/2/3', 'foobar', 'foo-', 'fo', 'foo.txt', 'Foo/1'])
        const others = ['Foo/1', 'fo', 'foo-', 'foo.txt', 'foobar'].filter((name) => stored.includes(name))
        await putMany(stored)
        const inside = (await storage.getFiles(container, { prefix: 'foo/' })).map(({ name }) => name)
        await storage.removeFiles(container, inside)
        assert.deepEqual(await names(), others)
        assert.deepEqual(await storage.removeFiles(container, ['foo', 'foo/', 'Foo', 'Foo/']), [
          { file: 'foo' },
          { file: 'foo/' },
          { file: 'Foo' },
          { file: 'Foo/' },
        ])
        assert.deepEqual(await names(), others)
      },
    },
    {
      id: 'O.8',
      name: 'a file removed during a read: its bytes or an error, never others',
      async run({ put, storage, secondStorage, container, nothingOf }) {
        const content = bytes(4 * 1024 * 1024)
        await put('file', content)
        const opened = await storage.openFile(container, 'file')
        const received: Buffer[] = []
        try {
          for await (const chunk of opened.stream as AsyncIterable<Buffer>) {
            if (received.length === 0) await secondStorage.removeFile(container, 'file')
            received.push(chunk)
          }
          sameBytes(Buffer.concat(received), content)
        } catch (error) {
          if (!isStorageError(error)) throw error
          const part = Buffer.concat(received)
          sameBytes(part, content.subarray(0, part.length), 'the bytes before the error')
        }
        await nothingOf('file')
      },
    },
    {
      id: 'O.9',
      name: 'at least one of several concurrent removals succeeds',
      async run({ put, storage, secondStorage, container }) {
        await put('file')
        const removals = [storage, secondStorage, storage, secondStorage].map((handle) =>
          handle.removeFile(container, 'file'),
        )
        const outcomes = await Promise.allSettled(removals)
        assert.ok(outcomes.some(({ status }) => status === 'fulfilled'))
        for (const outcome of outcomes) {
          if (outcome.status === 'rejected') await rejects(Promise.reject(outcome.reason), 'FILE_NOT_FOUND')
        }
      },
    },
  ],
}
