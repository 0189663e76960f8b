const boot = require('loopback-boot')
const loopback = require('loopback')

const app = loopback()
module.exports = app

app.start = () =>
  app.listen(() => {
    app.emit('started')
    process.stdout.write(`listening at ${app.get('url')}\n`)
  })

boot(app, __dirname, (error) => {
  if (error) throw error
  if (require.main === module) app.start()
})
