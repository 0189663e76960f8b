/**
 * loopback-component-storage on LoopBack 3.
 *
 *     node loopback.mjs ROOT PACKAGES
 */
import { createRequire } from 'node:module'

const [, , root, packages] = process.argv
const require = createRequire(packages)
const loopback = require('loopback')
const app = loopback()
const source = loopback.createDataSource({
  connector: require('loopback-component-storage'),
  provider: 'filesystem',
  root,
  maxFileSize: '107374182400',
})
app.model(source.createModel('container'), { dataSource: null, public: true })
app.use('/api', loopback.rest())
const server = app.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }))
server.requestTimeout = 0
process.on('disconnect', () => process.exit())
