using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Backup.Agent;
using Backup.Foundation.Errors;
using Backup.Metadata;
using Backup.MongoWire;
using Backup.MongoWire.Bson;
using Backup.MongoWire.Listener;
using Backup.Sandbox;
using Shouldly;
using Xunit;

namespace Backup.Tests.Agent;

/// <summary>What stands in the way of a backup is named, with its number, where `backup status` finds it, soon.</summary>
public sealed class FaultTests
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(25);

    [Fact]
    public async Task AStandaloneIsToldHowToBecomeAReplicaSet()
    {
        await using var server = new LoneServer(maxWireVersion: 8);
        await ReportedAsync($"mongodb://{server.Name}/", MongoWireErrors.Standalone);
        await ReportedAsync($"mongodb://{server.Name}/?replicaSet=rs0", MongoWireErrors.Standalone);
    }

    [Fact]
    public async Task AServerThatIsTooOldIsSaidToBe()
    {
        await using var server = new LoneServer(maxWireVersion: 5, setName: "rs0");
        await ReportedAsync($"mongodb://{server.Name}/?replicaSet=rs0", MongoWireErrors.ServerTooOld);
    }

    [Fact]
    public async Task AWrongPasswordIsNamedAsSuch()
    {
        await using var source = await SandboxReplicaSet.StartAsync(
            new SandboxOptions { Users = [new SandboxUser("b", "right", "backup", "clusterMonitor")] }
        );
        await ReportedAsync($"mongodb://b:wrong@{source.EndPoint}/?replicaSet=sandbox", MongoWireErrors.WrongPassword);
    }

    [Fact]
    public async Task MissingPrivilegesAreListedAllAtOnce()
    {
        await using var source = await SandboxReplicaSet.StartAsync(
            new SandboxOptions { Users = [new SandboxUser("b", "right", "read")] }
        );
        var report = await ReportedAsync(
            $"mongodb://b:right@{source.EndPoint}/?replicaSet=sandbox",
            AgentErrors.PrivilegesMissing
        );
        report.Message!.ShouldContain("listDatabases on the cluster");
        report.Message!.ShouldContain("replSetGetStatus");
        report.Hint!.ShouldContain("clusterMonitor");
        report.Message!.ShouldNotContain("right");
    }

    [Fact]
    public async Task AnUnreachableHostIsReportedWithItsName()
    {
        // Bound, so that nobody else gets the port, and not listened on: connections are refused.
        using var held = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        held.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var name = $"{held.LocalEndPoint}";
        var report = await ReportedAsync($"mongodb://{name}/?replicaSet=rs0", MongoWireErrors.NoSuitableServer);
        report.Message!.ShouldContain(name);
    }

    [Fact]
    public async Task AFailureOfTlsIsNamedAsSuch()
    {
        await using var source = await SandboxReplicaSet.StartAsync();
        await ReportedAsync($"mongodb://{source.EndPoint}/?replicaSet=sandbox&tls=true", MongoWireErrors.TlsFailed);
    }

    [Fact]
    public async Task AnotherReplicaSetThanAskedForIsNamedAsSuch()
    {
        await using var source = await SandboxReplicaSet.StartAsync();
        var report = await ReportedAsync(
            $"mongodb://{source.EndPoint}/?replicaSet=other",
            MongoWireErrors.SetNameMismatch
        );
        report.Message!.ShouldContain("sandbox");
    }

    private static async Task<AgentReport> ReportedAsync(string uri, int number)
    {
        await using var all = await Appliance.StartAsync();
        await all.ProtectAsync(uri);
        var watch = Stopwatch.StartNew();
        all.StartAgent();
        var report = await all.UntilAsync(
            async () =>
                (await all.Metadata.Deployments.AgentReportsAsync()).FirstOrDefault(one => one.Code is not null),
            "no error is reported"
        );
        report.Code.ShouldBe($"BK{number}", report.Message);
        report.Hint.ShouldNotBeNullOrEmpty();
        watch.Elapsed.ShouldBeLessThan(Soon);
        return report;
    }

    /// <summary>A server that says hello and nothing else.</summary>
    private sealed class LoneServer : ICommandHandler, IAsyncDisposable
    {
        private readonly int _maxWireVersion;
        private readonly string? _setName;
        private readonly MongoListener _listener;

        public LoneServer(int maxWireVersion, string? setName = null)
        {
            _maxWireVersion = maxWireVersion;
            _setName = setName;
            _listener = MongoListener.Start(new ListenerOptions(), this);
        }

        public string Name => $"127.0.0.1:{_listener.EndPoint.Port}";

        public ValueTask<BsonDocument> HandleAsync(CommandRequest request, CancellationToken cancellation) =>
            request.Name is "isMaster" or "hello"
                ? ValueTask.FromResult(Hello())
                : throw new BackupException(AgentErrors.NotSupported, request.Name, "None.");

        public ValueTask DisposeAsync() => _listener.DisposeAsync();

        private BsonDocument Hello() =>
            BsonDocument.Build(w =>
            {
                w.Boolean("ismaster"u8, true).Int32("minWireVersion"u8, 0).Int32("maxWireVersion"u8, _maxWireVersion);
                if (_setName is not null)
                {
                    w.String("setName"u8, _setName).String("me"u8, Name).String("primary"u8, Name);
                    w.BeginArray("hosts"u8).String("0"u8, Name).EndArray();
                }

                w.Double("ok"u8, 1);
            });
    }
}
