module.exports = (server) => {
  server.enableAuth()
}
