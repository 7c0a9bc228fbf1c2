using Backup.Agent.Work;
using Backup.Foundation.Contracts;
using Backup.Foundation.Errors;
using Backup.Metadata;
using Backup.Sandbox;
using Shouldly;
using Xunit;

namespace Backup.Tests.Agent;

/// <summary>The last lines of an agent's log, told on request: bounded, and without secrets.</summary>
public sealed class LogTests
{
    private const string Password = "p%40ss-Wort-99";
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void TheRingKeepsTheNewestLinesWithinItsBounds()
    {
        var ring = new LogRing();
        for (var n = 0; n < LogLimits.MostLines + 10; n++)
        {
            ring.Add(Start.AddSeconds(n), $"line {n}");
        }

        var all = ring.Excerpt(new LogRequest("r", LogLimits.MostLines, null), Start);
        (all.Lines.Count, all.Lines[0], all.Lines[^1]).ShouldBe((LogLimits.MostLines, "line 10", "line 2009"));
        var few = ring.Excerpt(new LogRequest("r", 3, null), Start);
        few.Lines.ShouldBe(["line 2007", "line 2008", "line 2009"]);
        few.IsCut.ShouldBeFalse();
        var late = ring.Excerpt(new LogRequest("r", 2000, 5), Start.AddSeconds(2009));
        (late.Lines.Count, late.Lines[0], late.IsCut).ShouldBe((6, "line 2004", false));
        var older = ring.Excerpt(new LogRequest("r", 2000, 5000), Start.AddSeconds(2009));
        (older.Lines.Count, older.IsCut).ShouldBe((2000, false));

        for (var n = 0; n < 500; n++)
        {
            ring.Add(Start, new string('"', 10_000));
        }

        var wide = ring.Excerpt(new LogRequest("r", 2000, null), Start);
        wide.Lines.ShouldAllBe(line => line.Length <= LogLimits.LineLength);
        (wide.Lines.Sum(line => line.Length) <= LogLimits.ExcerptLength, wide.IsCut).ShouldBe((true, true));
        System
            .Text.Json.JsonSerializer.SerializeToUtf8Bytes(wide, AgentJson.Default.LogExcerpt)
            .Length.ShouldBeLessThan(AgentProtocol.MaxJsonLength);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void WhatIsKnownToBeASecretIsStruckOutWhoeverSaysIt(bool json)
    {
        var output = new StringWriter();
        var log = new AgentLog(output, json, TimeProvider.System);
        log.Conceal(["top-secret", "top-secret-too", "abc"]);
        log.Info("x", "d", "it says top-secret-too, top-secret, abc");
        log.Error(new BackupException(7016, "failed with top-secret", "remove top-secret-too"));
        output.ToString().ShouldNotContain("top-secret");
        output.ToString().ShouldContain("it says ***, ***, abc");
        log.Ring.Excerpt(new LogRequest("r", 10, null), Start).Lines.Count.ShouldBe(2);
    }

    [Fact]
    public async Task ARunningAgentTellsItsLastLinesAndNoSecret()
    {
        await using var all = await Appliance.StartAsync(
            new SandboxOptions { Users = [new SandboxUser("reader", "another", "backup", "clusterMonitor")] }
        );
        // The log-in fails again and again: the driver has much to say.
        await all.ProtectAsync(
            all.Source.ConnectionString.Replace("mongodb://", $"mongodb://reader:{Password}@", StringComparison.Ordinal)
        );
        (await AskAsync(all, TimeSpan.FromMilliseconds(300))).ShouldBeNull("no agent runs");
        all.StartAgent();
        await all.UntilAsync(
            () => Task.FromResult(all.Log.ToString().Contains("BK21", StringComparison.Ordinal) ? all : null),
            "it does not fail"
        );
        var excerpt = (await AskAsync(all, TimeSpan.FromSeconds(10))).ShouldNotBeNull();
        excerpt.Lines.ShouldContain(line => line.Contains("lease granted"));
        excerpt.Lines.ShouldContain(line => line.Contains("BK21"));
        excerpt.IsCut.ShouldBeFalse();
        var text = string.Join('\n', excerpt.Lines);
        text.ShouldNotContain(Password);
        text.ShouldNotContain("p@ss-Wort-99");
        text.ShouldNotContain(all.Identity.ApiKey);
        text.ShouldNotContain(all.Identity.CertificateKey!);

        // It answers each request once, and the next one too.
        (await AskAsync(all, TimeSpan.FromSeconds(10), lines: 1))
            .ShouldNotBeNull()
            .Lines.Count.ShouldBe(1);
    }

    private static Task<LogExcerpt?> AskAsync(Appliance all, TimeSpan patience, int lines = 100) =>
        all.Metadata.AskLogAsync(
            all.Identity.AgentId,
            lines,
            since: TimeSpan.FromHours(1),
            patience,
            TimeProvider.System
        );
}
