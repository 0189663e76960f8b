/**
 * N. Copying and moving.
 */

import assert from 'node:assert/strict'
import { headerAttributeNames } from '../../../contract/attributes.js'
import { copyBetween, moveBetween } from '../../../index.js'
import { StorageError } from '../../../provider.js'
import { type ConformanceCategory, needs } from '../../run/case.js'
import { bytes, hex } from '../../tools/content.js'
import { agrees, read, rejects, sameBytes } from '../../tools/expectations.js'
import { allAttributes } from './attributes.js'

const content = bytes(50_000, 1)
const other = bytes(30_000, 2)

/** Returns the attributes among a file's properties. */
const attributesOf = (info: object): object =>
  Object.fromEntries(
    Object.entries(info).filter(([name]) => ['contentType', 'metadata', ...headerAttributeNames].includes(name)),
  )

export const copying: ConformanceCategory = {
  title: 'Copying and moving',
  cases: [
    {
      id: 'N.1',
      name: 'a copy has the same bytes under another name',
      async run({ put, storage, container, isWhole, names }) {
        await put('source', content)
        const written = await storage.copyFile({ container, file: 'source' }, { container, file: 'a/target' })
        agrees(written, await storage.getFile(container, 'a/target'))
        assert.equal(written.name, 'a/target')
        await isWhole('a/target', content)
        await isWhole('source', content)
        assert.deepEqual(await names(), ['a/target', 'source'])
      },
    },
    {
      id: 'N.2',
      name: 'a copy keeps the attributes',
      async run(context) {
        const { put, storage, container } = context
        await put('source', content, allAttributes(context))
        await storage.copyFile({ container, file: 'source' }, { container, file: 'target.txt' })
        const source = await storage.getFile(container, 'source')
        const target = await storage.getFile(container, 'target.txt')
        assert.deepEqual(attributesOf(target), attributesOf(source))
        assert.deepEqual(attributesOf(target), { metadata: {}, ...allAttributes(context) })
      },
    },
    {
      id: 'N.3',
      name: 'new attributes replace all attributes',
      async run(context) {
        const { put, storage, container } = context
        await put('source', content, allAttributes(context))
        const places = [
          { container, file: 'source' },
          { container, file: 'target' },
        ] as const
        const fewer = await storage.copyFile(...places, { attributes: { contentType: 'image/png' } })
        const target = await storage.getFile(container, 'target')
        agrees(fewer, target)
        assert.deepEqual(attributesOf(target), { contentType: 'image/png', metadata: {} })
        const all = await storage.copyFile(...places, { attributes: allAttributes(context) })
        const replaced = await storage.getFile(container, 'target')
        agrees(all, replaced)
        assert.deepEqual(attributesOf(replaced), { metadata: {}, ...allAttributes(context) })
        await context.isWhole('target', content)
      },
    },
    {
      id: 'N.4',
      name: 'source and copy are independent',
      async run({ put, storage, container, isWhole }) {
        await put('source', content, { contentType: 'image/png' })
        await storage.copyFile({ container, file: 'source' }, { container, file: 'target' })
        await put('source', other, { contentType: 'text/plain' })
        await isWhole('target', content)
        assert.equal((await storage.getFile(container, 'target')).contentType, 'image/png')
        await put('target', bytes(10))
        await isWhole('source', other)
        await storage.removeFile(container, 'source')
        await isWhole('target', bytes(10))
      },
    },
    {
      id: 'N.5',
      name: 'over an existing file',
      async run({ put, storage, container, isWhole }) {
        await put('source', content, { contentType: 'image/png' })
        const before = await put('target', other, { contentType: 'text/plain' })
        const written = await storage.copyFile({ container, file: 'source' }, { container, file: 'target' })
        assert.notEqual(written.etag, before.etag)
        await isWhole('target', content)
        assert.equal((await storage.getFile(container, 'target')).contentType, 'image/png')
      },
    },
    {
      id: 'N.6',
      name: 'create-only',
      needs: needs.create,
      async run({ put, storage, container, isWhole }) {
        await put('source', content)
        const source = { container, file: 'source' }
        await storage.copyFile(source, { container, file: 'target' }, { ifNoneMatch: '*' })
        await isWhole('target', content)
        await put('target', other)
        const again = storage.copyFile(source, { container, file: 'target' }, { ifNoneMatch: '*' })
        await rejects(again, 'PRECONDITION_FAILED')
        await isWhole('target', other)
      },
    },
    {
      id: 'N.7',
      name: 'a missing source fails with FILE_NOT_FOUND and keeps the target',
      async run({ put, storage, container, isWhole, nothingOf }) {
        await put('target', other)
        const missing = { container, file: 'missing' }
        for (const method of ['copyFile', 'moveFile'] as const) {
          for (const target of ['target', 'new']) {
            const error = await rejects(storage[method](missing, { container, file: target }), 'FILE_NOT_FOUND')
            assert.equal(error.file, missing.file, `${method} names a file other than the missing one`)
          }
        }
        await isWhole('target', other)
        await nothingOf('new')
      },
    },
    {
      id: 'N.8',
      name: 'onto itself: a copy with and without new attributes, and a move',
      async run({ put, storage, container, isWhole }) {
        await put('file', content, { contentType: 'image/png' })
        const place = { container, file: 'file' }
        await storage.copyFile(place, place, { attributes: { contentType: 'text/plain' } })
        assert.equal((await storage.getFile(container, 'file')).contentType, 'text/plain')
        await storage.copyFile(place, place)
        assert.equal((await storage.getFile(container, 'file')).contentType, 'text/plain')
        await storage.moveFile(place, place)
        await isWhole('file', content)
      },
    },
    {
      id: 'N.9',
      name: 'an empty file',
      async run({ put, storage, container, isWhole }) {
        await put('source', Buffer.alloc(0))
        await put('target', content)
        await storage.copyFile({ container, file: 'source' }, { container, file: 'target' })
        await isWhole('target', Buffer.alloc(0))
        await storage.moveFile({ container, file: 'source' }, { container, file: 'moved' })
        await isWhole('moved', Buffer.alloc(0))
      },
    },
    {
      id: 'N.10',
      name: 'a large file that was sent in parts',
      needs: needs.parts,
      async run(context) {
        const { storage, container, partSize } = context
        const large = bytes(3 * partSize + 1)
        const inParts = context.over(context.inParts(), { partSize })
        await inParts.putFile(container, 'source', large, allAttributes(context))
        await storage.copyFile({ container, file: 'source' }, { container, file: 'target' })
        await storage.removeFile(container, 'source')
        await context.isWhole('target', large)
        await storage.moveFile({ container, file: 'target' }, { container, file: 'moved' })
        await context.isWhole('moved', large)
        const info = await storage.getFile(container, 'moved')
        assert.deepEqual(attributesOf(info), { metadata: {}, ...allAttributes(context) })
      },
    },
    {
      id: 'N.11',
      name: 'across containers',
      async run({ put, storage, container, newContainer, nothingOf }) {
        const target = await newContainer()
        await put('file', content, { contentType: 'image/png' })
        await storage.copyFile({ container, file: 'file' }, { container: target, file: 'file' })
        sameBytes(await read(storage, target, 'file'), content)
        const info = await storage.getFile(target, 'file')
        assert.deepEqual([info.container, info.contentType], [target, 'image/png'])
        await put('moved', other)
        await storage.moveFile({ container, file: 'moved' }, { container: target, file: 'file' })
        sameBytes(await read(storage, target, 'file'), other)
        await nothingOf('moved')
      },
    },
    {
      id: 'N.12',
      name: 'a move removes the source and keeps the attributes',
      async run(context) {
        const { put, storage, container, names } = context
        await put('source', content, allAttributes(context))
        await put('target', other, { contentType: 'text/plain' })
        const written = await storage.moveFile({ container, file: 'source' }, { container, file: 'target' })
        const info = await storage.getFile(container, 'target')
        agrees(written, info)
        assert.deepEqual(attributesOf(info), { metadata: {}, ...allAttributes(context) })
        await context.isWhole('target', content)
        await context.nothingOf('source')
        assert.deepEqual(await names(), ['target'])
        const place = { container, file: 'target' }
        await storage.moveFile(place, { container, file: 'b/c' }, { attributes: { contentType: 'image/png' } })
        const moved = await storage.getFile(container, 'b/c')
        assert.deepEqual(attributesOf(moved), { contentType: 'image/png', metadata: {} })
      },
    },
    {
      id: 'N.13',
      name: 'a failed move keeps the source',
      async run(context) {
        const { put, storage, container, containerName, isWhole, capabilities } = context
        await put('source', content, { contentType: 'image/png' })
        await put('target', other)
        const source = { container, file: 'source' }
        await rejects(storage.moveFile(source, { container: containerName(), file: 'a' }), 'CONTAINER_NOT_FOUND')
        const stale = storage.moveFile(source, { container, file: 'new' }, { ifSourceMatch: '"stale"' })
        await rejects(stale, 'PRECONDITION_FAILED')
        if (capabilities.conditions.create !== false) {
          const move = storage.moveFile(source, { container, file: 'target' }, { ifNoneMatch: '*' })
          await rejects(move, 'PRECONDITION_FAILED')
        }
        const denied = new StorageError('PERMISSION_DENIED', 'not allowed')
        const faulty = context.faulty().fail('moveFile', denied).fail('copyFile', denied)
        await rejects(context.over(faulty).moveFile(source, { container, file: 'target' }), 'PERMISSION_DENIED')
        await isWhole('source', content)
        await isWhole('target', other)
        await context.nothingOf('new')
        assert.equal((await storage.getFile(container, 'source')).contentType, 'image/png')
      },
    },
    {
      id: 'N.14',
      name: 'from one storage to another, streaming, with its attributes',
      async run(context) {
        const { put, storage, secondStorage, container, newContainer } = context
        const target = await newContainer()
        const checksums = { md5: hex('md5', content), sha256: hex('sha256', content) }
        await put('source', content, { ...allAttributes(context), checksums })
        const from = { storage, container, file: 'source' }
        const written = await copyBetween(from, { storage: secondStorage, container: target, file: 'copy' })
        const info = await storage.getFile(target, 'copy')
        agrees(written, info)
        assert.deepEqual(attributesOf(info), { metadata: {}, ...allAttributes(context) })
        sameBytes(await read(storage, target, 'copy'), content)
        await moveBetween(from, { storage: secondStorage, container: target, file: 'moved' })
        sameBytes(await read(storage, target, 'moved'), content)
        await context.nothingOf('source')
        await rejects(copyBetween(from, { storage: secondStorage, container: target, file: 'copy' }), 'FILE_NOT_FOUND')
        sameBytes(await read(storage, target, 'copy'), content, 'the target of a copy whose source is missing')
      },
    },
    {
      id: 'N.15',
      name: 'a condition on the source',
      async run({ put, storage, container, isWhole, nothingOf }) {
        const { etag } = await put('source', content)
        const places = [
          { container, file: 'source' },
          { container, file: 'target' },
        ] as const
        await rejects(storage.copyFile(...places, { ifSourceMatch: '"stale"' }), 'PRECONDITION_FAILED')
        await nothingOf('target')
        await storage.copyFile(...places, { ifSourceMatch: etag })
        await isWhole('target', content)
        await put('source', other)
        await rejects(storage.copyFile(...places, { ifSourceMatch: etag }), 'PRECONDITION_FAILED')
        await isWhole('target', content)
      },
    },
    {
      id: 'N.16',
      name: 'a condition on the target',
      needs: needs.update,
      async run({ put, storage, container, isWhole }) {
        await put('source', content)
        const { etag } = await put('target', other)
        const places = [
          { container, file: 'source' },
          { container, file: 'target' },
        ] as const
        await rejects(storage.copyFile(...places, { ifMatch: '"stale"' }), 'PRECONDITION_FAILED')
        await isWhole('target', other)
        await storage.copyFile(...places, { ifMatch: etag })
        await isWhole('target', content)
        await rejects(storage.copyFile(...places, { ifMatch: etag }), 'PRECONDITION_FAILED')
      },
    },
    {
      id: 'N.17',
      name: 'a move by copy and removal, if the provider has no move',
      async run(context) {
        const { put, container } = context
        await put('source', content, allAttributes(context))
        const faulty = context.faulty()
        Object.defineProperty(faulty, 'moveFile', { value: undefined })
        const storage = context.over(faulty)
        await storage.moveFile({ container, file: 'source' }, { container, file: 'target' })
        await context.isWhole('target', content)
        await context.nothingOf('source')
        faulty.fail('removeFile', new StorageError('PERMISSION_DENIED', 'not allowed'))
        const move = storage.moveFile({ container, file: 'target' }, { container, file: 'third' })
        await rejects(move, 'PERMISSION_DENIED')
        await context.isWhole('target', content)
      },
    },
    {
      id: 'N.18',
      name: 'a copy keeps the checksums that the service stores',
      needs: needs.checksums,
      async run({ put, storage, container }) {
        const checksums = { md5: hex('md5', content), sha256: hex('sha256', content) }
        await put('source', content, { checksums })
        const kept = (await storage.getFile(container, 'source')).checksums
        const copies = { same: {}, retyped: { attributes: { contentType: 'image/png' } } }
        for (const [file, options] of Object.entries(copies)) {
          await storage.copyFile({ container, file: 'source' }, { container, file }, options)
          assert.deepEqual((await storage.getFile(container, file)).checksums, kept, file)
        }
      },
    },
    {
      id: 'N.19',
      name: 'destroying a container keeps the copies of its files in other containers',
      async run(context) {
        const { storage, container, newContainer, partSize, capabilities } = context
        const [origin, target] = [await newContainer(), await newContainer()]
        const large = bytes(2 * partSize + 1)
        const writer = capabilities.parts === false ? storage : context.over(context.inParts(), { partSize })
        await storage.putFile(origin, 'small', content)
        await writer.putFile(origin, 'large', large)
        await storage.putFile(origin, 'moved', other)
        await storage.copyFile({ container: origin, file: 'small' }, { container, file: 'small' })
        await storage.copyFile({ container: origin, file: 'large' }, { container, file: 'large' })
        await storage.copyFile({ container, file: 'large' }, { container: target, file: 'copy of the copy' })
        await storage.moveFile({ container: origin, file: 'moved' }, { container, file: 'moved' })
        await storage.destroyContainer(origin)
        await context.isWhole('small', content)
        await context.isWhole('large', large)
        await context.isWhole('moved', other)
        await storage.removeFile(container, 'large')
        sameBytes(await read(storage, target, 'copy of the copy'), large)
      },
    },
  ],
}
