using System.Diagnostics;
using Backup.Foundation.Errors;
using Backup.MongoWire;
using Backup.MongoWire.Bson;
using Backup.MongoWire.Client;
using Backup.MongoWire.Uri;
using Shouldly;
using Xunit;

namespace Backup.Tests.MongoWire.Client.Discovery;

/// <summary>Monitors over real sockets.</summary>
public class MonitorTests
{
    private const string Rarely = "heartbeatFrequencyMS=60000";

    /// <summary>Far less than until a member is asked again anyway.</summary>
    private static readonly TimeSpan AtMost = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task A_server_that_holds_its_answer_back_tells_of_a_change_at_once()
    {
        await using var member = new FakeMember { Counter = 1 };
        await using var client = await KnownAsync(member, Rarely);
        await Task.Delay(700);
        member.Primary = "127.0.0.1:1";
        member.Counter = 2;
        await UntilAsync(() => TypeOf(client, member) == ServerType.Secondary, AtMost);
    }

    [Fact]
    public async Task An_older_server_is_asked_at_the_next_heartbeat_or_when_it_is_wanted()
    {
        await using var member = new FakeMember();
        await using var client = await KnownAsync(member, Rarely);
        member.Primary = "127.0.0.1:1";
        await Task.Delay(1500);
        TypeOf(client, member).ShouldBe(ServerType.Primary);
        client.RequestCheck();
        await UntilAsync(() => TypeOf(client, member) == ServerType.Secondary, AtMost);
    }

    [Fact]
    public async Task A_server_that_does_not_hold_its_answer_back_is_not_asked_without_pause()
    {
        await using var member = new FakeMember { Counter = 1, AnswersAtOnce = true };
        await using var client = await KnownAsync(member, "heartbeatFrequencyMS=1000");
        await Task.Delay(3000);
        member.Hellos.ShouldBeInRange(2, 8);
    }

    [Fact]
    public async Task The_round_trip_is_measured_but_not_while_an_answer_is_held_back()
    {
        await using var member = new FakeMember { Counter = 1 };
        await using var client = await KnownAsync(member, "heartbeatFrequencyMS=600");
        await Task.Delay(2500);
        client
            .Topology.Servers.Values.Single()
            .RoundTrip.ShouldBeInRange(TimeSpan.FromTicks(1), TimeSpan.FromMilliseconds(300));
    }

    [Fact]
    public async Task Whoever_waits_for_a_server_that_hangs_is_told_soon()
    {
        await using var member = new FakeMember();
        await using var client = await KnownAsync(member, "heartbeatFrequencyMS=500&connectTimeoutMS=500");
        var sleep = BsonDocument.Build(command => command.Int32("sleep"u8, 1));
        var waiting = client.RunCommandAsync("admin", sleep, ReadTarget.Primary, CancellationToken.None);
        await Task.Delay(1500);
        waiting.IsCompleted.ShouldBeFalse("a slow command is no sign of a server that hangs");
        member.Hangs = true;
        var watch = Stopwatch.StartNew();
        var lost = await Should.ThrowAsync<BackupException>(() => waiting.WaitAsync(TimeSpan.FromMinutes(1)));
        lost.Number.ShouldBe(MongoWireErrors.ConnectionLost);
        lost.Message.ShouldContain("did not answer");
        watch.Elapsed.ShouldBeLessThan(AtMost);
    }

    [Fact]
    public async Task An_error_beside_the_result_is_learnt_from()
    {
        await using var member = new FakeMember();
        await using var client = await KnownAsync(member, Rarely);
        var (before, insert) = (member.Hellos, BsonDocument.Build(command => command.Int32("insert"u8, 1)));
        using var reply = await client.RunCommandAsync("admin", insert, ReadTarget.Primary, CancellationToken.None);
        reply.View.Has("writeConcernError"u8).ShouldBeTrue();
        TypeOf(client, member).ShouldBe(ServerType.Unknown);
        await UntilAsync(() => member.Hellos > before, AtMost);
    }

    [Fact]
    public async Task A_hidden_member_is_reached_by_a_client_of_its_own()
    {
        await using var shown = new FakeMember();
        await using var hidden = new FakeMember { Hosts = [shown.Name], Primary = shown.Name };
        await using var client = await KnownAsync(shown, Rarely);
        client.Topology.Servers.Keys.ShouldNotContain(HostAddress.Parse(hidden.Name));
        await using var direct = client.DirectTo(HostAddress.Parse(hidden.Name));
        var ping = BsonDocument.Build(command => command.Int32("ping"u8, 1));
        using var reply = await direct.RunCommandAsync("admin", ping, ReadTarget.Primary, CancellationToken.None);
        (reply.Host.ToString(), direct.Topology.Type).ShouldBe((hidden.Name, TopologyType.Single));
    }

    private static async Task<MongoClient> KnownAsync(FakeMember member, string options)
    {
        var client = new MongoClient(
            ConnectionString.Parse($"mongodb://{member.Name}/?replicaSet=rs0&{options}"),
            new MongoClientOptions()
        );
        await client.SelectAsync(ReadTarget.Primary, CancellationToken.None);
        return client;
    }

    private static ServerType TypeOf(MongoClient client, FakeMember member) =>
        client.Topology.Servers[HostAddress.Parse(member.Name)].Type;

    private static async Task UntilAsync(Func<bool> holds, TimeSpan atMost)
    {
        for (var watch = Stopwatch.StartNew(); !holds(); await Task.Delay(10))
        {
            watch.Elapsed.ShouldBeLessThan(atMost);
        }
    }
}
