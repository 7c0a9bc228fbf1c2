using Backup.Tests.Support;
using Xunit;
using Xunit.Abstractions;

namespace Backup.Tests.EndToEnd;

public sealed class ContentTests(ITestOutputHelper output)
{
    private const int Seed = 20;

    [Fact]
    public async Task WhatIsRestoredIsWhatTheSandboxHeldWhileItWasWrittenTo()
    {
        await using var source = await TestSource.SandboxAsync();
        await RoundTripAsync(source);
    }

    [RealMongoFact]
    public async Task WhatIsRestoredIsWhatARealServerHeldWhileItWasWrittenTo()
    {
        await using var source = await TestSource.RealAsync();
        await RoundTripAsync(source);
    }

    private async Task RoundTripAsync(TestSource source)
    {
        await SourceContent.LoadAsync(source, Seed);
        await using var appliance = new ApplianceProcess(source.Uri);
        await using (var writes = LiveWrites.Start(source, Seed))
        {
            await writes.WaitAsync(100);
            appliance.Up();
            await appliance.WaitForStateAsync("tailing");
            await writes.WaitAsync(300);
            output.WriteLine($"{writes.Operations} writes went on beside it.");
        }

        var snapshot = await RestoreCheck.SnapshotEqualsSourceAsync(appliance, source);
        output.WriteLine(snapshot.ToString());
    }
}
