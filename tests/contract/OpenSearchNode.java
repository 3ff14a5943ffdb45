import org.codelibs.opensearch.runner.OpenSearchRunner;

/** A cluster of one node, until this process ends: java -cp 'JARS/*' OpenSearchNode.java PORT FOLDER. */
class OpenSearchNode {
    public static void main(String[] arguments) throws InterruptedException {
        OpenSearchRunner runner = new OpenSearchRunner();
        runner.setMaxHttpPort(65535);
        runner.onBuild((number, settings) -> settings
            .put("http.port", arguments[0])
            .put("transport.port", "0")
            .put("network.host", "127.0.0.1")
            .put("discovery.type", "single-node"));
        runner.build(OpenSearchRunner.newConfigs().basePath(arguments[1]).numOfNode(1));
        Thread.currentThread().join(); // the runner's own main would end here, and the node with it
    }
}
