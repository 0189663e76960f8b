/**
 * Counts the sockets that undici has open in this process, including idle ones.
 */
import { subscribe } from 'node:diagnostics_channel'
import type { Socket } from 'node:net'

let open = 0

subscribe('undici:client:connected', (message) => {
  const { socket } = message as { readonly socket: Socket }
  open++
  socket.once('close', () => open--)
})

export const openSockets = (): number => open
