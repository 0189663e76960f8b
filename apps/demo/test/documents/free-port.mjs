/**
 * Loaded before an example that may start a server: whatever port it asks for, it gets a free one,
 * and says which.
 */
import { Server } from 'node:net'

const { listen } = Server.prototype

Server.prototype.listen = function listenOnFreePort(_port, ...rest) {
  this.once('listening', () => process.send({ port: this.address().port }))
  return listen.call(this, 0, '127.0.0.1', ...rest.filter((each) => typeof each === 'function'))
}
