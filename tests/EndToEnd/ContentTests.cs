using System.Text.Json;
using Backup.Tests.EndToEnd.Writes;
using Backup.Tests.Support;
using Shouldly;
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
        await using var appliance = new ApplianceProcess(source.Uri);
        _ = await RoundTripAsync(appliance, source);
    }

    [RealMongoFact]
    public async Task WhatIsRestoredIsWhatARealServerHeldWhileItWasWrittenTo()
    {
        await using var source = await TestSource.RealAsync();
        await using var appliance = new ApplianceProcess(source.Uri);
        _ = await RoundTripAsync(appliance, source);
    }

    [RealRestoreFact]
    public async Task MongorestoreMakesAnotherServerWhatTheSourceWas()
    {
        await using var source = await TestSource.RealAsync();
        await using var appliance = new ApplianceProcess(source.Uri);
        var snapshot = await RoundTripAsync(appliance, source);
        using var folder = new TemporaryFolder();
        foreach (var form in new[] { "archive", "directory" })
        {
            var output = folder.File(form);
            _ = (
                await appliance.RunAsync(
                    "restore",
                    "rs0",
                    "--snapshot",
                    RestoreCheck.Id(snapshot),
                    "--format",
                    form,
                    "--output",
                    output
                )
            ).Succeeded();
            await using var target = await TestSource.RealAsync();
            var (exitCode, said) = await MongoTools.RunAsync(
                "mongorestore",
                $"--uri={target.Uri}",
                "--stopOnError",
                form == "archive" ? $"--archive={output}" : $"--dir={output}"
            );

            exitCode.ShouldBe(0, said);
            said.ShouldContain(" 0 document(s) failed");
            var (made, wanted) = (await target.CatalogueAsync(), await source.CatalogueAsync());
            made.Except(wanted).ShouldBeEmpty(form);
            wanted.Except(made).ShouldBeEmpty(form);
            var (restored, held) = (await target.HashesAsync(), await source.HashesAsync());
            RestoreCheck.ShouldBeSame(RestoreCheck.Flat(restored), RestoreCheck.Flat(held));
            restored
                .Select(database => (database.Key, database.Value.Md5))
                .ShouldBe(held.Select(database => (database.Key, database.Value.Md5)), ignoreOrder: true, form);
        }
    }

    private async Task<JsonElement> RoundTripAsync(ApplianceProcess appliance, TestSource source)
    {
        await SourceContent.LoadAsync(source, Seed);
        await using (var writes = LiveWrites.Start(source, Seed))
        {
            await writes.WaitAsync(100);
            appliance.Up();
            await appliance.WaitForStateAsync("tailing");
            await writes.WaitAsync(300);
            output.WriteLine($"{writes.Operations} writes went on beside it: {writes.Describe()}");
            writes.ShouldHaveDoneEverything();
        }

        var snapshot = await RestoreCheck.SnapshotEqualsSourceAsync(appliance, source);
        output.WriteLine(snapshot.ToString());
        return snapshot;
    }
}
