/**
 * The connection behind a request: whether the client is still there, and whether it takes what it is sent.
 */
import type { ServerResponse } from 'node:http'
import { StorageError } from '@stowage/core'

export const clientGone = (): StorageError => new StorageError('ABORTED', 'the client closed the connection')

/** Aborted when the connection closes before the whole answer was handed over. */
export function goneSignal(res: ServerResponse): AbortSignal {
  const controller = new AbortController()
  if (res.closed) {
    controller.abort(clientGone())
  } else {
    res.once('close', () => {
      if (!res.writableFinished) controller.abort(clientGone())
    })
  }
  return controller.signal
}

/** Writes a piece of the answer and waits until there is room for the next one. Throws when the client has gone. */
export async function writePiece(res: ServerResponse, piece: string | Uint8Array): Promise<void> {
  if (res.destroyed) throw clientGone()
  if (res.write(piece)) return
  await new Promise<void>((resolve, reject) => {
    const settle = () => {
      res.off('drain', settle)
      res.off('close', settle)
      if (res.destroyed) reject(clientGone())
      else resolve()
    }
    res.on('drain', settle)
    res.on('close', settle)
  })
}
