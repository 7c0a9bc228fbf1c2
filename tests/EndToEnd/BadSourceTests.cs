using System.Net;
using System.Net.Sockets;
using Backup.MongoWire.Bson;
using Backup.MongoWire.Listener;
using Backup.Sandbox;
using Shouldly;
using Xunit;

namespace Backup.Tests.EndToEnd;

/// <summary>Sources that cannot be backed up: said by number, with a way out, on the appliance's own output and in its status.</summary>
public sealed class BadSourceTests
{
    private static readonly SandboxOptions WithUsers = new()
    {
        ReplicaSetName = "rs0",
        Users =
        [
            new SandboxUser("backup", "right", "backup", "clusterMonitor"),
            new SandboxUser("reader", "right", "read"),
        ],
    };

    [Theory]
    [InlineData("http://localhost/")]
    [InlineData("mongodb://")]
    [InlineData("mongodb://user:p@ss:word@localhost/")]
    public async Task AWrongUriIsRefusedAtOnce(string uri)
    {
        await using var appliance = new ApplianceProcess(uri);
        appliance.Up();
        (await appliance.ExitAsync(TimeSpan.FromMinutes(1))).ShouldBe(1);
        await appliance.WaitForOutputAfterExitAsync("error BK2100");
        appliance.Output.ShouldNotContain("p@ss:word", Case.Sensitive, "no password is printed");
    }

    [Fact]
    public async Task AHostThatDoesNotAnswerIsNamed()
    {
        using var closed = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        closed.Bind(new IPEndPoint(IPAddress.Loopback, 0)); // Bound, not listening: whoever connects is refused.
        await ShouldReportAsync(
            $"mongodb://{closed.LocalEndPoint}/?replicaSet=rs0&serverSelectionTimeoutMS=2000",
            "BK2130"
        );
    }

    [Fact]
    public async Task AStandaloneServerIsNamedWithTheWayToMakeItAReplicaSet()
    {
        await using var server = Listen(hello => hello.Boolean("ismaster"u8, true).Int32("maxWireVersion"u8, 8));
        await ShouldReportAsync($"mongodb://{server.EndPoint}/", "BK2131");
    }

    [Fact]
    public async Task AServerThatIsTooOldIsNamed()
    {
        MongoListener? server = null;
        server = Listen(hello =>
            hello
                .Boolean("ismaster"u8, true)
                .String("setName"u8, "rs0")
                .String("me"u8, $"{server!.EndPoint}")
                .BeginArray("hosts"u8)
                .String("0"u8, $"{server.EndPoint}")
                .EndArray()
                .Int32("maxWireVersion"u8, 5)
        );
        await using (server)
        {
            await ShouldReportAsync($"mongodb://{server.EndPoint}/?replicaSet=rs0", "BK2132");
        }
    }

    [Fact]
    public async Task AWrongSetNameIsNamed()
    {
        await using var source = await TestSource.SandboxAsync();
        await ShouldReportAsync($"mongodb://{source.Sandbox.EndPoint}/?replicaSet=other", "BK2133");
    }

    [Fact]
    public async Task AWrongPasswordIsSaidAndNotPrinted()
    {
        await using var source = await SandboxReplicaSet.StartAsync(WithUsers);
        await ShouldReportAsync(
            $"mongodb://backup:wr0ng-s3cret@{source.EndPoint}/?replicaSet=rs0&serverSelectionTimeoutMS=3000",
            "BK2120"
        );
    }

    [Fact]
    public async Task MissingPrivilegesAreListed()
    {
        await using var source = await SandboxReplicaSet.StartAsync(WithUsers);
        var said = await ShouldReportAsync($"mongodb://reader:right@{source.EndPoint}/?replicaSet=rs0", "BK7007");
        said.ShouldContain("grantRolesToUser");
    }

    private static async Task<string> ShouldReportAsync(string uri, string code)
    {
        await using var appliance = new ApplianceProcess(uri);
        appliance.Up();
        await appliance.WaitForOutputAsync($"error {code}: ");
        var status = (await appliance.RunAsync("status")).Succeeded().Json;
        var error = status.GetProperty("deployments")[0].GetProperty("error");
        error.GetProperty("code").GetString().ShouldBe(code);
        error.GetProperty("hint").GetString().ShouldNotBeNullOrWhiteSpace();
        appliance.Output.ShouldNotContain("wr0ng-s3cret");
        status.ToString().ShouldNotContain("wr0ng-s3cret");
        (await appliance.StopAsync()).ShouldBe(0);
        return appliance.Output;
    }

    private static MongoListener Listen(Action<BsonWriter> hello) =>
        MongoListener.Start(new ListenerOptions { StopTimeout = TimeSpan.Zero }, new Hello(hello));

    /// <summary>A server that knows nothing but to say what it is.</summary>
    private sealed class Hello(Action<BsonWriter> fields) : ICommandHandler
    {
        public ValueTask<BsonDocument> HandleAsync(CommandRequest request, CancellationToken cancellation) =>
            new(
                BsonDocument.Build(reply =>
                {
                    fields(reply);
                    reply
                        .Int32("minWireVersion"u8, 0)
                        .Int32("maxBsonObjectSize"u8, 16 << 20)
                        .Int32("maxMessageSizeBytes"u8, 48_000_000)
                        .Int32("maxWriteBatchSize"u8, 100_000)
                        .Double("ok"u8, 1);
                })
            );
    }
}
