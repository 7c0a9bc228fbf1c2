using System.Text.Json;
using Backup.Foundation;
using Backup.MongoWire.Bson;
using Backup.Sandbox;
using Backup.Tests.Support;
using Shouldly;
using Xunit;
using Xunit.Abstractions;

namespace Backup.Tests.EndToEnd;

/// <summary>
/// Moments between snapshots of a source that was written to. Judges: the source's own dbHash at quiet moments, and, at any other
/// moment, a plain replay of the source's own oplog onto the first copy.
/// </summary>
public sealed class PointInTimeTests(ITestOutputHelper output)
{
    private const int QuietMoments = 4;

    /// <summary>What the source was, by its own account.</summary>
    private sealed record QuietMoment(
        Optime Newest,
        IReadOnlyDictionary<string, DatabaseHash> Hashes,
        DateTimeOffset SecondAfter
    );

    [Theory]
    [InlineData(WireProfile.V42)]
    [InlineData(WireProfile.V50)]
    public async Task AnyMomentOfTheSandboxIsRestored(WireProfile profile)
    {
        await using var source = await TestSource.SandboxAsync(
            new SandboxOptions { ReplicaSetName = "rs0", Profile = profile }
        );
        // What a capped collection overwrites is logged by servers of version 5.0 and later; the sandbox logs it in no version.
        await AnyMomentAsync(source, withCapped: profile == WireProfile.V42);
    }

    [RealMongoFact]
    public async Task AnyMomentOfARealServerIsRestored()
    {
        await using var source = await TestSource.RealAsync();
        await AnyMomentAsync(source, withCapped: true);
    }

    [Fact]
    public async Task AResyncIsAGapWithItsCauseAndBothSidesOfItAreRestored()
    {
        await using var source = await TestSource.SandboxAsync();
        await source.InsertAsync("shop", "orders", SourceContent.Many(10, new Random(1), 50, 60));
        await using var appliance = new ApplianceProcess(source.Uri);
        appliance.Up();
        await appliance.WaitForStateAsync("tailing");
        (await appliance.RunAsync("snapshot", "rs0", "--wait")).Succeeded();
        await source.InsertAsync("shop", "late", SourceContent.Many(5, new Random(2), 50, 60));
        var last = Ts((await source.OplogAsync(new Optime(1, 1)))[^1]);
        await StoredAsync(appliance, last.WallClock);

        (await appliance.RunAsync("resync", "rs0")).Succeeded();
        await source.InsertAsync("shop", "later", SourceContent.Many(5, new Random(3), 50, 60));
        var second = await RangesAsync(appliance, count: 2);

        var gap = second.GetProperty("gaps").EnumerateArray().ShouldHaveSingleItem();
        gap.GetProperty("cause").GetProperty("code").GetString().ShouldBe("resync");
        gap.GetProperty("cause").GetProperty("text").GetString().ShouldNotBeNullOrWhiteSpace();
        Optime(gap.GetProperty("from")).ShouldBe(last);
        using var folder = new TemporaryFolder();
        var inGap = new Optime(last.T, last.I + 1);
        var refused = await appliance.RunAsync(
            "restore",
            "rs0",
            "--optime",
            $"{inGap}",
            "--output",
            folder.File("refused")
        );
        (refused.ErrorCode, refused.ExitCode).ShouldBe(("BK9010", 10));
        refused.Output.ShouldContain($"{last} ", Case.Sensitive, "the nearest moment before it");
        refused.Output.ShouldContain($"{Optime(gap.GetProperty("to"))} ", Case.Sensitive, "and after it");
        (await RestoreAsync(appliance, ["--optime", $"{last}"], "archive", folder.File("before")))
            .GetProperty("documents")
            .GetInt64()
            .ShouldBe(15);
        var after = Optime(gap.GetProperty("to"));
        (await RestoreAsync(appliance, ["--optime", $"{after}"], "archive", folder.File("after")))
            .GetProperty("documents")
            .GetInt64()
            .ShouldBe(20);
    }

    [Fact]
    public async Task WhatAKilledRestoreLeavesGoesWithTheNextCommand()
    {
        await using var source = await TestSource.SandboxAsync();
        await using var appliance = new ApplianceProcess(source.Uri);
        appliance.Up();
        await appliance.WaitForStateAsync("tailing");
        (await appliance.RunAsync("snapshot", "rs0", "--wait")).Succeeded();
        for (var n = 0; n < 4; n++)
        {
            await source.InsertAsync("shop", $"c{n}", SourceContent.Many(1_500, new Random(n), 1_000, 2_000));
            await Task.Delay(TimeSpan.FromSeconds(1.2));
        }

        var last = Ts((await source.OplogAsync(new Optime(1, 1)))[^1]);
        await StoredAsync(appliance, last.WallClock);
        (await appliance.StopAsync()).ShouldBe(0);
        var restores = Path.Combine(appliance.Data, "spill", "restores");

        // Nobody reads its output: it stands in the midst of it when it is killed.
        using var restore = appliance.Start(
            [("BACKUP_RESTORE_MEMORY_MB", "1")],
            "restore",
            "rs0",
            "--optime",
            $"{last}",
            "--output",
            "-"
        );
        for (var attempt = 0; Files(restores).Count == 0; attempt++)
        {
            restore.HasExited.ShouldBeFalse();
            attempt.ShouldBeLessThan(300);
            await Task.Delay(100);
        }

        await Task.Delay(500);
        restore.Kill();
        await restore.WaitForExitAsync();
        Files(restores).ShouldNotBeEmpty();

        (await appliance.RunAsync("ranges", "rs0")).Succeeded();
        Files(restores).ShouldBeEmpty();
        using var folder = new TemporaryFolder();
        (await RestoreAsync(appliance, ["--optime", $"{last}"], "ndjson", folder.File("whole")))
            .GetProperty("documents")
            .GetInt64()
            .ShouldBe(6_000);
    }

    private static List<string> Files(string folder) =>
        Directory.Exists(folder) ? [.. Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)] : [];

    private static async Task<JsonElement> RangesAsync(ApplianceProcess appliance, int count)
    {
        for (var attempt = 0; ; attempt++)
        {
            var ranges = (await appliance.RunAsync("ranges", "rs0")).Succeeded().Json;
            if (ranges.GetProperty("ranges").GetArrayLength() == count)
            {
                return ranges;
            }

            attempt.ShouldBeLessThan(100, ranges.ToString());
            if (await appliance.ReplicaSetAsync() is { } set && set.GetProperty("state").GetString() == "tailing")
            {
                // An initial sync's first snapshot is the policy's where none was taken for hours.
                await appliance.RunAsync("snapshot", "rs0", "--wait");
            }

            await Task.Delay(300);
        }
    }

    private async Task AnyMomentAsync(TestSource source, bool withCapped)
    {
        var seed = Environment.TickCount & 0xffff;
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        await source.InsertAsync("shop", "orders", SourceContent.Many(300, random, 100, 1_000));
        await using var appliance = new ApplianceProcess(source.Uri);
        // As little memory as can be: the replay goes through the temporary file.
        appliance.Variables["BACKUP_RESTORE_MEMORY_MB"] = "1";
        appliance.Up();
        await appliance.WaitForStateAsync("tailing");
        var first = (await appliance.RunAsync("snapshot", "rs0", "--wait")).Succeeded().Json;
        var collections = await source.CollectionsAsync();

        var quiet = new List<QuietMoment>();
        var writes = new MomentWrites(source, random, withCapped);
        await writes.BeginAsync();
        for (var n = 0; n < QuietMoments; n++)
        {
            await writes.WriteAsync(250);
            quiet.Add(await RestAsync(source, n));
            if (n == 1)
            {
                (await appliance.RunAsync("snapshot", "rs0", "--wait")).Succeeded();
            }
        }

        await StoredAsync(appliance, quiet[^1].SecondAfter);
        await RefusalsAsync(appliance);
        foreach (var moment in quiet)
        {
            await QuietMomentEqualsAsync(appliance, moment);
        }

        var oplog = await source.OplogAsync(Optime(first));
        var until = oplog.FindLastIndex(entry => Ts(entry) <= quiet[^1].Newest);
        for (var n = 0; n < (source.IsReal ? 9 : 4); n++)
        {
            await AnyMomentEqualsAsync(appliance, first, collections, oplog, random.Next(until));
        }

        (await appliance.StopAsync()).ShouldBe(0);
        await QuietMomentEqualsAsync(appliance, quiet[random.Next(QuietMoments)]);
        await AnyMomentEqualsAsync(appliance, first, collections, oplog, random.Next(until));
        var temporary = new DirectoryInfo(Path.Combine(appliance.Data, "spill", "restores"));
        (temporary.Exists ? temporary.GetFileSystemInfos() : []).ShouldBeEmpty("nothing is left behind");
    }

    /// <summary>Nothing is written until the source's second is over; then a mark is, so that the oplog goes past it.</summary>
    private static async Task<QuietMoment> RestAsync(TestSource source, int n)
    {
        var hashes = await source.HashesAsync();
        var newest = Ts((await source.OplogAsync(new Optime(1, 1)))[^1]);
        var second = newest.WallClock.AddSeconds(1);
        while (TimeProvider.System.GetUtcNow() < second.AddSeconds(1))
        {
            await Task.Delay(50);
        }

        await source.InsertAsync("marks", "c", [BsonDocument.Build(w => w.Int32("_id"u8, n))]);
        return new QuietMoment(newest, hashes, second);
    }

    /// <summary>Waits until moments before that second can be restored.</summary>
    private static async Task StoredAsync(ApplianceProcess appliance, DateTimeOffset second)
    {
        for (var attempt = 0; ; attempt++)
        {
            var ranges = (await appliance.RunAsync("ranges", "rs0")).Succeeded().Json;
            var range = ranges.GetProperty("ranges").EnumerateArray().ShouldHaveSingleItem();
            ranges.GetProperty("gaps").EnumerateArray().ShouldBeEmpty();
            range.GetProperty("from").GetProperty("optime").GetProperty("t").GetInt64().ShouldBePositive();
            if (range.GetProperty("to").GetProperty("time").GetDateTimeOffset() >= second)
            {
                return;
            }

            attempt.ShouldBeLessThan(100);
            await Task.Delay(200);
        }
    }

    private static async Task QuietMomentEqualsAsync(ApplianceProcess appliance, QuietMoment moment)
    {
        string[][] namings =
        [
            ["--optime", $"{moment.Newest}"],
            ["--time", moment.SecondAfter.ToString("yyyy-MM-ddTHH:mm:ssZ")],
            ["--time", moment.SecondAfter.ToOffset(TimeSpan.FromHours(2)).ToString("yyyy-MM-ddTHH:mm:sszzz")],
        ];
        foreach (var naming in namings)
        {
            using var folder = new TemporaryFolder();
            var path = folder.File("dump");
            var restored = await RestoreAsync(appliance, naming, "directory", path);
            var (found, documents) = RestoreCheck.ReadDirectory(path);
            RestoreCheck.ShouldBeSame(found, RestoreCheck.Flat(moment.Hashes));
            restored.GetProperty("documents").GetInt64().ShouldBe(documents);
            Optime(restored).ShouldBe(moment.Newest);
        }

        using var archives = new TemporaryFolder();
        var archive = await RestoreAsync(appliance, namings[0], "archive", archives.File("a"));
        archive.GetProperty("bytes").GetInt64().ShouldBe(new FileInfo(archives.File("a")).Length);
    }

    private async Task AnyMomentEqualsAsync(
        ApplianceProcess appliance,
        JsonElement first,
        Dictionary<string, string> collections,
        List<BsonDocument> oplog,
        int last
    )
    {
        using var folder = new TemporaryFolder();
        var (copy, moment) = (folder.File("first"), folder.File("moment"));
        _ = await RestoreAsync(appliance, ["--snapshot", RestoreCheck.Id(first)], "ndjson", copy);
        var judge = new PlainReplay();
        judge.Load(collections, PlainReplay.ReadLines(copy), isCapped: _ => false);
        foreach (var entry in oplog.Take(last + 1))
        {
            judge.Apply(entry);
        }

        var at = Ts(oplog[last]);
        output.WriteLine($"{at}, {last + 1} entries after the first copy");
        var restored = await RestoreAsync(appliance, ["--optime", $"{at}"], "ndjson", moment);
        Optime(restored).ShouldBe(at);
        var (found, wanted) = (PlainReplay.ReadLines(moment), judge.Contents());
        judge.LeaveOutCapped(found);
        found.Keys.Order().ShouldBe(wanted.Keys.Order(), $"at {at}");
        foreach (var ns in wanted.Keys)
        {
            found[ns].ShouldBe(wanted[ns], $"{ns} at {at}");
        }
    }

    private static async Task RefusalsAsync(ApplianceProcess appliance)
    {
        var ranges = (await appliance.RunAsync("ranges", "rs0")).Succeeded().Json;
        var oldest = Optime(ranges.GetProperty("ranges")[0].GetProperty("from"));
        using var folder = new TemporaryFolder();
        foreach (
            var (code, naming) in new (string, string[])[]
            {
                ("BK9011", ["--time", "2001-01-01T00:00:00Z"]),
                ("BK9011", ["--optime", $"{oldest.T - 1},1"]),
                ("BK9012", ["--time", "2101-01-01T00:00:00Z"]),
                ("BK9501", ["--time", "2026-11-21T10:00:00"]),
                ("BK9501", ["--optime", "17"]),
                ("BK9501", ["--optime", "17,1", "--latest"]),
            }
        )
        {
            var refused = await appliance.RunAsync([
                "restore",
                "rs0",
                .. naming,
                "--format",
                "archive",
                "--output",
                folder.File("a"),
            ]);
            refused.ErrorCode.ShouldBe(code, string.Join(' ', naming));
            refused.ExitCode.ShouldBe(code == "BK9501" ? 2 : 10);
            if (code == "BK9011")
            {
                refused.Output.ShouldContain($"{oldest} ", Case.Sensitive, "the nearest moment is named");
            }
        }

        folder.Names().ShouldBeEmpty();
    }

    private static async Task<JsonElement> RestoreAsync(
        ApplianceProcess appliance,
        string[] naming,
        string format,
        string path
    ) =>
        (await appliance.RunAsync(["restore", "rs0", .. naming, "--format", format, "--output", path]))
            .Succeeded()
            .Json;

    private static Optime Optime(JsonElement restored) =>
        new(
            restored.GetProperty("optime").GetProperty("t").GetUInt32(),
            restored.GetProperty("optime").GetProperty("i").GetUInt32()
        );

    private static Optime Ts(BsonDocument entry) =>
        Backup.Foundation.Optime.FromTimestamp(entry.View["ts"u8].AsTimestamp);
}
