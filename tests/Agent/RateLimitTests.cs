using System.Diagnostics;
using Backup.Agent.Flow;
using Backup.Foundation.Contracts;
using Shouldly;
using Xunit;

namespace Backup.Tests.Agent;

/// <summary>The bound on bytes a second holds for all that read together, and changes while they wait.</summary>
public sealed class RateLimitTests
{
    [Fact]
    public async Task AllReadersTogetherStayWithinTheRate()
    {
        var rate = new RateLimit(1_000_000, TimeProvider.System);
        var watch = Stopwatch.StartNew();
        await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => rate.AfterAsync(50_000, default)));
        watch.Elapsed.TotalSeconds.ShouldBeGreaterThan(0.48);
        rate.Waited.TotalSeconds.ShouldBeInRange(0.45, watch.Elapsed.TotalSeconds);
    }

    [Fact]
    public async Task ANewRateHoldsForThoseThatWaitAlready()
    {
        var rate = new RateLimit(1_000, TimeProvider.System);
        var watch = Stopwatch.StartNew();
        var waiting = rate.AfterAsync(1_000_000, default);
        await Task.Delay(100);
        rate.BytesPerSecond = 2_000_000;
        await waiting;
        watch.Elapsed.TotalSeconds.ShouldBeInRange(0.5, 100, "at the old rate it is 1000");

        waiting = rate.AfterAsync(100_000_000, default);
        rate.BytesPerSecond = 0;
        await waiting.WaitAsync(TimeSpan.FromMinutes(1));
    }

    [Fact]
    public async Task WithoutABoundNobodyWaitsAndAnIdleSourceSavesNothingUp()
    {
        var rate = new RateLimit(0, TimeProvider.System);
        rate.AfterAsync(long.MaxValue / 4, default).IsCompletedSuccessfully.ShouldBeTrue();
        rate.Waited.ShouldBe(TimeSpan.Zero);

        rate = new RateLimit(1_000_000, TimeProvider.System);
        await Task.Delay(300);
        var watch = Stopwatch.StartNew();
        await rate.AfterAsync(300_000, default);
        watch.Elapsed.TotalSeconds.ShouldBeGreaterThan(0.29);
    }

    [Theory]
    [InlineData("secondary", true)]
    [InlineData("primary", true)]
    [InlineData("tags:dc=east", true)]
    [InlineData("tags:dc=east,use=", true)]
    [InlineData("host:db1:27017", true)]
    [InlineData("", false)]
    [InlineData("Primary", false)]
    [InlineData("tags:", false)]
    [InlineData("tags:dc", false)]
    [InlineData("tags:=x", false)]
    [InlineData("tags:dc=a,dc=b", false)]
    [InlineData("host:", false)]
    public void ARuleIsReadAsItIsTyped(string text, bool isRule)
    {
        MemberRule.TryParse(text, out var rule).ShouldBe(isRule);
        (rule?.ToString() ?? text).ShouldBe(text);
    }

    [Fact]
    public void AnOlderOrderThatComesLateChangesNothing()
    {
        var control = new SourceControl(new SourceOrder(5, "secondary", 2, 0, false), TimeProvider.System);
        var turn = control.Turn;
        control.Apply(new SourceOrder(4, "primary", 2, 0, true)).ShouldBeNull();
        control.Apply(new SourceOrder(5, "secondary", 2, 0, false)).ShouldBeNull();
        control.Apply(new SourceOrder(6, "secondary", 2, 1000, false)).ShouldNotBeNull();
        (turn.IsCancellationRequested, control.Rate.BytesPerSecond).ShouldBe((false, 1000));
        control.Apply(new SourceOrder(7, "secondary", 2, 1000, true)).ShouldNotBeNull();
        (turn.IsCancellationRequested, control.Turn.IsCancellationRequested).ShouldBe((true, false));
        control.Now.Paused.ShouldBeTrue();
    }
}
