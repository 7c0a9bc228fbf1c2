using Backup.Agent;
using Backup.Agent.Hosts;
using Backup.Agent.Monitoring;
using Backup.Foundation.Contracts;
using Backup.Metadata;
using Backup.MongoWire.Bson;
using Backup.MongoWire.Client;
using Backup.MongoWire.Uri;
using Backup.Tests.Support;
using Shouldly;
using Xunit;

namespace Backup.Tests.Agent;

/// <summary>What is asked of a source's servers through its agent, of real servers.</summary>
public sealed class HostTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [RealMongoFact]
    public async Task Logs_and_slow_operations_are_told_without_values_unless_they_are_wanted()
    {
        await using var set = await RealReplicaSet.StartAsync(3);
        await using var all = await ReadingAsync(set);
        await using var client = await MongoClient.OpenAsync(
            ConnectionString.Parse(set.ConnectionString),
            new MongoClientOptions(),
            CancellationToken.None
        );
        await RunAsync(client, "shop", """{"insert":"orders","documents":[{"_id":1,"name":"alice@example.org"}]}""");
        await RunAsync(client, "shop", """{"profile":2,"slowms":0}""");
        await RunAsync(client, "shop", """{"find":"orders","filter":{"name":"alice@example.org","n":{"$gt":4711}}}""");

        var answer = await AskAsync(all, new HostRequest("", new HostLook(null, 200, null, 1, false)));
        answer.Fault.ShouldBeNull();
        answer.Hosts.Count.ShouldBe(3);
        answer.Hosts.ShouldAllBe(static one => one.Trouble == null && one.Lines.Count > 10);
        string.Join('\n', answer.Hosts.SelectMany(static one => one.Lines)).ShouldNotContain("alice");
        string.Join('\n', answer.Hosts.SelectMany(static one => one.Operations).Select(static one => one.Command))
            .ShouldNotContain("alice");

        // Nothing takes a millisecond here: what the profiler has is seen where nothing is too fast.
        var looker = new HostRequest("", new HostLook(set.Address(0).ToString(), 500, null, 0, true));
        var shown = await AskAsync(all, looker);
        shown.Hosts.ShouldHaveSingleItem().Host.ShouldBe(set.Address(0).ToString());
        var lines = string.Join('\n', shown.Hosts[0].Lines);
        lines.ShouldContain("alice", customMessage: "the server logs every operation now, and values are wanted");
        var shaped = await AskAsync(all, looker with { Look = looker.Look! with { ShowsValues = false } });
        string.Join('\n', shaped.Hosts[0].Lines).ShouldNotContain("alice");
        string.Join('\n', shaped.Hosts[0].Lines).ShouldContain("shop.orders");

        var none = await AskAsync(all, new HostRequest("", new HostLook("elsewhere:1", 10, null, null, false)));
        none.Fault!.Code.ShouldBe($"BK{AgentErrors.HostUnknown}");
        var later = new HostLook(null, 500, null, null, false, SinceSeconds: 0);
        (await AskAsync(all, new HostRequest("", later)))
            .Hosts.SelectMany(static one => one.Lines)
            .ShouldBeEmpty("nothing was logged since now");
        var errors = await AskAsync(all, new HostRequest("", new HostLook(null, 500, "F", null, false)));
        errors.Hosts.SelectMany(static one => one.Lines).ShouldBeEmpty("no server has failed");
    }

    [RealMongoFact]
    public async Task A_running_operation_is_seen_with_its_shape()
    {
        await using var set = await RealReplicaSet.StartAsync(1);
        await using var all = await ReadingAsync(set);
        await using var client = await MongoClient.OpenAsync(
            ConnectionString.Parse(set.ConnectionString),
            new MongoClientOptions(),
            CancellationToken.None
        );
        await RunAsync(client, "shop", """{"insert":"orders","documents":[{"_id":1,"name":"alice"}]}""");
        await RunAsync(
            client,
            "admin",
            """{"configureFailPoint":"setYieldAllLocksHang","mode":"alwaysOn","data":{"namespace":"shop.orders"}}"""
        );
        await RunAsync(client, "admin", """{"setParameter":1,"internalQueryExecYieldIterations":1}""");
        var slow = RunAsync(client, "shop", """{"find":"orders","filter":{"name":"alice"}}""");
        try
        {
            SlowOperation? seen = null;
            await all.UntilAsync(
                async () =>
                {
                    var answer = await AskAsync(all, new HostRequest("", new HostLook(null, 0, null, 100, false)));
                    seen = answer.Hosts.SelectMany(static one => one.Operations).FirstOrDefault();
                    return seen;
                },
                "no slow operation is seen"
            );
            (seen!.Source, seen.Namespace).ShouldBe(("running", "shop.orders"));
            seen.Milliseconds.ShouldBeGreaterThanOrEqualTo(100);
            seen.Command.ShouldStartWith("""{"find":"orders","filter":{"name":"?"}""");
        }
        finally
        {
            await RunAsync(client, "admin", """{"configureFailPoint":"setYieldAllLocksHang","mode":"off"}""");
            await slow;
        }
    }

    [RealMongoFact]
    public async Task A_primary_steps_down_where_somebody_can_take_over()
    {
        await using var set = await RealReplicaSet.StartAsync(3);
        await using var all = await ReadingAsync(set);
        var answer = await AskAsync(all, new HostRequest("", StepDown: new StepDownOrder(60, 10)));
        answer.Fault.ShouldBeNull();
        answer.Before.ShouldNotBeNull();
        answer.Primary.ShouldNotBeNull();
        answer.Primary.ShouldNotBe(answer.Before);
    }

    [RealMongoFact]
    public async Task A_primary_that_nobody_can_follow_stays()
    {
        await using var set = await RealReplicaSet.StartAsync(3, static number => number == 0 ? "" : "\"priority\":0");
        await using var all = await ReadingAsync(set);
        var answer = await AskAsync(all, new HostRequest("", StepDown: new StepDownOrder(60, 10)));
        answer.Fault!.Code.ShouldBe($"BK{AgentErrors.NobodyTakesOver}");
        await using var client = await MongoClient.OpenAsync(
            ConnectionString.Parse(set.ConnectionString),
            new MongoClientOptions(),
            CancellationToken.None
        );
        using var status = await client.RunCommandAsync(
            "admin",
            BsonDocument.Build(static w => w.Int32("isMaster"u8, 1)),
            ReadTarget.On(set.Address(0)),
            CancellationToken.None
        );
        status.View["ismaster"u8].ToBoolean().ShouldBeTrue("nothing was changed");
    }

    [Fact]
    public async Task What_is_asked_is_done_once_and_of_a_source_that_is_not_read_there_is_an_answer()
    {
        await using var all = await Appliance.StartAsync();
        await all.ProtectAsync("mongodb://127.0.0.1:1/?replicaSet=gone");
        all.StartAgent();
        await all.UntilAsync(
            async () => await all.Metadata.Leases.FindAsync("d1") is { AgentId: not null } lease ? lease : null,
            "no lease"
        );
        var answer = await AskAsync(all, new HostRequest("", new HostLook(null, 10, null, null, false)));
        answer.Fault!.Code.ShouldBe($"BK{AgentErrors.SourceNotRead}");
        var now = TimeProvider.System.GetUtcNow().AddMinutes(-1);
        (await all.Metadata.HostRequests.TakeAsync("d1", now)).ShouldBeNull("it was handed out");
    }

    [Theory]
    [InlineData(
        """2020-01-01T00:00:00.000+0000 I  COMMAND  [conn1] command shop.orders appName: "sh\"ell" command: find { find: "orders", filter: { name: "a } b" } } planSummary: COLLSCAN 120ms""",
        """2020-01-01T00:00:00.000+0000 I  COMMAND  [conn1] command shop.orders appName: "?" command: find { ? } planSummary: COLLSCAN 120ms"""
    )]
    [InlineData(
        """{"t":{"$date":"2020-01-01T00:00:00.000+00:00"},"s":"I","c":"COMMAND","id":51803,"ctx":"conn1","msg":"Slow query","attr":{"type":"command","ns":"shop.orders","command":{"find":"orders","filter":{"name":"alice","n":{"$in":[1,2]}}},"planSummary":"IXSCAN { name: 1 }","durationMillis":120}}""",
        """{"t":{"$date":"2020-01-01T00:00:00.000\u002B00:00"},"s":"I","c":"COMMAND","id":51803,"ctx":"conn1","msg":"Slow query","attr":{"type":"command","ns":"shop.orders","command":{"find":"?","filter":{"name":"?","n":{"$in":["?"]}}},"planSummary":"IXSCAN { ? }","durationMillis":120}}"""
    )]
    [InlineData(
        """{"s":"E","attr":{"error":"E11000 dup key: { name: \"alice\" }"}}""",
        """{"s":"E","attr":{"error":"E11000 dup key: { ? }"}}"""
    )]
    [InlineData(
        "2020-01-01T00:00:00.000+0000 W  NETWORK  [x] an unclosed { brace",
        "2020-01-01T00:00:00.000+0000 W  NETWORK  [x] an unclosed { ? }"
    )]
    public void Of_a_line_the_shape_is_told(string line, string shape) => LogLine.Shape(line).ShouldBe(shape);

    [Theory]
    [InlineData("2020-01-01T00:00:00.000+0000 I  COMMAND  x", "W", false)]
    [InlineData("2020-01-01T00:00:00.000+0000 W  COMMAND  x", "W", true)]
    [InlineData("2020-01-01T00:00:00.000+0000 E  COMMAND  x", "W", true)]
    [InlineData("""{"t":{"$date":"x"},"s":"F","c":"-"}""", "E", true)]
    [InlineData("""{"t":{"$date":"x"},"s":"D1","c":"-"}""", "I", false)]
    [InlineData("what no server writes", "F", true)]
    [InlineData("?", "F", true)]
    public void Of_severities_those_that_are_as_bad_are_told(string line, string severity, bool told) =>
        LogLine.IsAtLeast(line, severity).ShouldBe(told);

    [Theory]
    [InlineData("2020-01-01T10:00:00.250+0000 I  COMMAND  x", "2020-01-01T10:00:00.250Z")]
    [InlineData("2020-01-01T10:00:00.250+0200 I  COMMAND  x", "2020-01-01T08:00:00.250Z")]
    [InlineData("""{"t":{"$date":"2020-01-01T10:00:00.250+00:00"},"s":"I"}""", "2020-01-01T10:00:00.250Z")]
    [InlineData("""{"t":{"$date":"2020-01-01T10:00:00.250Z"},"s":"I"}""", "2020-01-01T10:00:00.250Z")]
    [InlineData("""{"s":"I"}""", null)]
    [InlineData("what no server writes", null)]
    [InlineData("", null)]
    public void Of_a_line_its_time_is_told(string line, string? at)
    {
        DateTimeOffset? told = at is null
            ? null
            : DateTimeOffset.Parse(at, System.Globalization.CultureInfo.InvariantCulture);
        LogLine.At(line).ShouldBe(told);
    }

    [Theory]
    [InlineData("2020-01-01T00:00:00.000+0000 I  COMMAND  [conn1] command shop.orders protocol:op_msg 107ms", true)]
    [InlineData("2020-01-01T00:00:00.000+0000 I  WRITE    [conn1] update shop.orders 1020ms", true)]
    [InlineData("2020-01-01T00:00:00.000+0000 I  NETWORK  [conn1] it took 107ms", false)]
    [InlineData("2020-01-01T00:00:00.000+0000 I  COMMAND  [conn1] dropDatabase shop - finished", false)]
    [InlineData("2020-01-01T00:00:00.000+0000 I  COMMAND  [conn1] items", false)]
    [InlineData("""{"t":{"$date":"x"},"s":"I","c":"COMMAND","id":51803,"msg":"Slow query","attr":{}}""", true)]
    [InlineData("""{"t":{"$date":"x"},"s":"I","c":"COMMAND","id":1,"msg":"Something"}""", false)]
    public void A_line_says_that_an_operation_was_slow(string line, bool slow) => LogLine.IsSlow(line).ShouldBe(slow);

    [Fact]
    public void Slow_operations_are_counted_from_one_look_to_the_next()
    {
        var slow = new SlowLog();
        Count("db1", Line(1), Line(2)).ShouldBeNull("it is not known since when");
        Count("db1", Line(1), Line(2), Line(3), Line(4, "NETWORK"), Line(5)).ShouldBe(2);
        Count("db1", Line(1), Line(5)).ShouldBe(0);
        Count("db2", Line(9)).ShouldBeNull("that is another server");
        Count("db1").ShouldBe(0, "it was started anew");
        Count("db1", Line(1)).ShouldBe(1);

        long? Count(string host, params string[] lines) =>
            slow.Count(
                host,
                BsonDocument
                    .Build(w =>
                    {
                        w.BeginArray("log"u8);
                        foreach (var (at, line) in lines.Index())
                        {
                            w.String(System.Text.Encoding.UTF8.GetBytes($"{at}"), line);
                        }

                        w.EndArray();
                    })
                    .View
            );

        static string Line(int second, string component = "COMMAND") =>
            $"2020-01-01T00:00:{second:00}.000+0000 I  {component}  [conn1] command shop.orders 107ms";
    }

    private static async Task<Appliance> ReadingAsync(RealReplicaSet set)
    {
        var all = await Appliance.StartAsync();
        await all.ProtectAsync(set.ConnectionString);
        all.StartAgent();
        await all.UntilAsync(
            async () =>
                (await all.Metadata.Deployments.AgentReportsAsync()).FirstOrDefault(static one =>
                    one.Phase == "tailing"
                ),
            "it does not follow the source"
        );
        return all;
    }

    private static async Task<HostAnswer> AskAsync(Appliance all, HostRequest request) =>
        (await all.Metadata.AskHostsAsync("d1", request, Patience, TimeProvider.System)).ShouldNotBeNull();

    private static async Task RunAsync(MongoClient client, string database, string command)
    {
        using var reply = await client.RunCommandAsync(
            database,
            ExtendedJson.Parse(command),
            ReadTarget.Primary,
            CancellationToken.None
        );
    }
}
