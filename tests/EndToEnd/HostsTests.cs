using System.Text.Json;
using Backup.Tests.Support;
using Shouldly;

namespace Backup.Tests.EndToEnd;

/// <summary>What is asked of a real replica set's servers by command: only what is allowed is done.</summary>
public sealed class HostsTests
{
    [RealMongoFact]
    public async Task ServersAreAskedAndThePrimaryStepsDownWhereItIsAllowed()
    {
        var set = await RealReplicaSet.StartAsync(3);
        // It ends the set, too.
        await using var source = TestSource.Of(set);
        await source.InsertAsync("shop", "orders", SourceContent.Many(10, new Random(1), 100, 1_000));
        await using var appliance = new ApplianceProcess(source.Uri);
        appliance.Up();
        await appliance.WaitForStateAsync("tailing");

        var looked = (await appliance.RunAsync("hosts", "look", "rs0", "--lines", "20", "--slow", "1"))
            .Succeeded()
            .Json;
        var hosts = looked.GetProperty("items");
        hosts.GetArrayLength().ShouldBe(3);
        hosts[0].GetProperty("lines").GetArrayLength().ShouldBe(20);
        (await appliance.RunAsync("hosts", "look", "rs0", "--values")).ErrorCode.ShouldBe("BK9652");
        (await appliance.RunAsync("hosts", "look", "rs0", "--host", "elsewhere:1")).ErrorCode.ShouldBe("BK7037");

        string[] excerpts = ["alerts", "excerpts", "set", "--condition", "election", "--lines", "30", "--slow", "1"];
        (await appliance.RunAsync(excerpts)).Succeeded().Json.GetArrayLength().ShouldBe(1);
        string[] stepDown = ["hosts", "step-down", "rs0", "--confirm", "rs0"];
        (await appliance.RunAsync(stepDown)).ErrorCode.ShouldBe("BK9650", "it is off unless somebody allows it");
        (await appliance.RunAsync("hosts", "settings", "rs0", "--step-down", "on")).Succeeded();
        (await appliance.RunAsync("hosts", "step-down", "rs0", "--confirm", "rs1")).ErrorCode.ShouldBe("BK9653");
        (await appliance.RunAsync([.. stepDown, "--seconds", "5"])).ErrorCode.ShouldBe("BK9501");
        var done = (await appliance.RunAsync(stepDown)).Succeeded().Json;
        done.GetProperty("primary").GetString().ShouldNotBe(done.GetProperty("before").GetString());

        var audited = (await appliance.RunAsync("audit")).Succeeded().Json.EnumerateArray();
        var actions = audited.Select(static one => one.GetProperty("action").GetString()).ToList();
        actions.ShouldContain("host.settings");
        actions.ShouldContain("host.step-down");
        (await appliance.RunAsync("hosts", "history", "rs0")).Succeeded();
        await ElectionAsync(appliance, done.GetProperty("primary").GetString()!);
        await ExcerptAsync(appliance);
    }

    /// <summary>The election is an alert, and what the servers logged then is kept with it.</summary>
    private static async Task ExcerptAsync(ApplianceProcess appliance)
    {
        var begun = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var alerts = (await appliance.RunAsync("alerts", "list", "--all")).Succeeded().Json.EnumerateArray();
            var election = alerts.FirstOrDefault(static one => one.GetProperty("condition").GetString() == "election");
            if (election.ValueKind == JsonValueKind.Object && election.GetProperty("hasExcerpt").GetBoolean())
            {
                var id = $"{election.GetProperty("id").GetInt64()}";
                var excerpt = (await appliance.RunAsync("alerts", "excerpt", id)).Succeeded().Json;
                var hosts = excerpt.GetProperty("hosts").EnumerateArray().ToList();
                hosts.Count.ShouldBe(3);
                hosts
                    .SelectMany(static one => one.GetProperty("lines").EnumerateArray())
                    .ShouldContain(
                        static line =>
                            line.GetString()!.Contains("ELECTION", StringComparison.Ordinal)
                            || line.GetString()!.Contains("REPL", StringComparison.Ordinal),
                        "the servers log their elections"
                    );
                return;
            }

            Xunit.Assert.True(
                TimeProvider.System.GetElapsedTime(begun) < TimeSpan.FromMinutes(2),
                $"no excerpt of it: {election}\n{appliance.Output}"
            );
            await Task.Delay(1000);
        }
    }

    /// <summary>It is an event within the next sample.</summary>
    private static async Task ElectionAsync(ApplianceProcess appliance, string primary)
    {
        var begun = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var events = (await appliance.RunAsync("hosts", "events", "rs0")).Succeeded().Json.EnumerateArray();
            if (events.Any(one => Is(one, "became-primary", primary)))
            {
                return;
            }

            Xunit.Assert.True(
                TimeProvider.System.GetElapsedTime(begun) < TimeSpan.FromMinutes(2),
                $"no event of it: {string.Join(", ", events)}"
            );
            await Task.Delay(1000);
        }
    }

    private static bool Is(JsonElement one, string kind, string host) =>
        one.GetProperty("kind").GetString() == kind && one.GetProperty("host").GetString() == host;
}
