import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { Readable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { operationChannel, StorageError, StorageService } from '../../src/index.js'
import { fakeProvider, written } from '../fake-provider.js'

const info = { ...written(5), mtime: new Date(0) }

const storage = new StorageService(
  fakeProvider({
    putFile: async (_container, _file, body) => written((body as Uint8Array).length),
    getFile: async () => {
      throw new StorageError('FILE_NOT_FOUND', 'no such file')
    },
    openFile: async () => ({
      info,
      offset: 0,
      length: 5,
      stream: Readable.from([Buffer.from('hello')], { objectMode: false }),
    }),
  }),
)

let events: unknown[]
const listen = (event: unknown) => {
  events.push(event)
}

beforeEach(() => {
  events = []
  subscribe(operationChannel, listen)
})

afterEach(() => {
  unsubscribe(operationChannel, listen)
})

describe('the diagnostics channel', () => {
  it('tells of an operation once, with its bytes and duration', async () => {
    await storage.putFile('c', 'f', 'hello')
    expect(events).toEqual([
      {
        operation: 'putFile',
        provider: 'fake',
        container: 'c',
        file: 'f',
        bytes: 5,
        outcome: 'success',
        error: undefined,
        started: expect.any(Number),
        duration: expect.any(Number),
      },
    ])
  })

  it('tells of a failure with its error', async () => {
    await expect(storage.getFile('c', 'none')).rejects.toThrow()
    expect(events).toMatchObject([{ operation: 'getFile', outcome: 'error', error: { code: 'FILE_NOT_FOUND' } }])
  })

  it('tells of a download when its stream has ended, with the bytes that were read', async () => {
    const opened = await storage.openFile('c', 'f')
    expect(events).toEqual([])
    expect(await opened.text()).toBe('hello')
    expect(events).toMatchObject([{ operation: 'openFile', outcome: 'success', bytes: 5 }])
  })

  it('tells of a download that was closed before its end as aborted', async () => {
    const opened = await storage.openFile('c', 'f')
    await opened.close()
    expect(events).toMatchObject([{ operation: 'openFile', outcome: 'aborted', bytes: 0 }])
  })
})
