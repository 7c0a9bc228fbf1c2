using System.Net;
using System.Net.Sockets;
using Backup.Tests.Support;
using Shouldly;
using Xunit;

namespace Backup.Tests.EndToEnd;

/// <summary>What can be wrong with the folder, the ports and the packs of an appliance.</summary>
public sealed class DataFolderTests
{
    [Fact]
    public async Task ASecondApplianceOnTheSameFolderIsRefusedAndTheFirstGoesOn()
    {
        await using var source = await TestSource.SandboxAsync();
        await using var appliance = new ApplianceProcess(source.Uri);
        appliance.Up();
        await appliance.WaitForStateAsync("tailing");

        var second = await appliance.RunAsync("up", "--http", "0", "--agents", "0");

        second.ExitCode.ShouldBe(11);
        second.ErrorCode.ShouldBe("BK9503");
        second.Output.ShouldContain($"{appliance.ProcessId}", Case.Sensitive, "it says who holds the folder");
        await source.InsertAsync("shop", "orders", SourceContent.Many(10, new Random(1), 50, 60));
        await RestoreCheck.SnapshotEqualsSourceAsync(appliance, source);
    }

    [Theory]
    [InlineData("--http", "--agents")]
    [InlineData("--agents", "--http")]
    public async Task APortThatIsTakenIsNamedWithTheOptionThatChoosesAnother(string taken, string other)
    {
        using var folder = new TemporaryFolder();
        using var listener = new TcpListener(IPAddress.IPv6Any, 0);
        listener.Server.DualMode = true;
        listener.Start();
        var port = $"{((IPEndPoint)listener.LocalEndpoint).Port}";

        var result = await ApplianceProcess.CommandAsync([
            "up",
            "--json",
            "--data",
            folder.File("data"),
            taken,
            port,
            other,
            "0",
        ]);

        result.ExitCode.ShouldBe(1);
        result.ErrorCode.ShouldBe("BK9514");
        result.Output.ShouldContain(port);
        result.Output.ShouldContain(taken);
    }

    [Fact]
    public async Task ADamagedPackIsFoundAndCostsOnlyTheSnapshotsThatNeedIt()
    {
        await using var source = await TestSource.SandboxAsync();
        await using var appliance = new ApplianceProcess(source.Uri);
        await source.InsertAsync("shop", "old", SourceContent.Many(300, new Random(1), 500, 1_000));
        appliance.Up();
        await appliance.WaitForStateAsync("tailing");
        var good = await RestoreCheck.SnapshotEqualsSourceAsync(appliance, source);
        (await appliance.StopAsync()).ShouldBe(0);
        var before = Packs(appliance).ToHashSet();
        await source.InsertAsync("shop", "new", SourceContent.Many(2_000, new Random(2), 2_000, 3_000));
        appliance.Up();
        await appliance.WaitForStateAsync("tailing");
        var hit = await RestoreCheck.SnapshotEqualsSourceAsync(appliance, source);
        (await appliance.StopAsync()).ShouldBe(0);

        Flip(Packs(appliance).Where(pack => !before.Contains(pack)).MaxBy(pack => new FileInfo(pack).Length)!);

        await ShouldBeDamagedAsync(appliance, RestoreCheck.Id(hit));
        (await appliance.RunAsync("verify", RestoreCheck.Id(good))).Succeeded();
        appliance.Up();
        await appliance.WaitForStateAsync("tailing");
        await ShouldBeDamagedAsync(appliance, RestoreCheck.Id(hit));
        (await appliance.RunAsync("verify", RestoreCheck.Id(good))).Succeeded();
    }

    private static async Task ShouldBeDamagedAsync(ApplianceProcess appliance, string snapshot)
    {
        var verified = await appliance.RunAsync("verify", snapshot);
        verified.ErrorCode.ShouldBe("BK5002");
        verified.ExitCode.ShouldBe(1);
        using var folder = new TemporaryFolder();
        foreach (var format in (string[])["archive", "directory", "ndjson"])
        {
            var restored = await appliance.RunAsync(
                "restore",
                "rs0",
                "--snapshot",
                snapshot,
                "--format",
                format,
                "--output",
                folder.File(format)
            );
            restored.ErrorCode.ShouldBe("BK5002", format);
            restored.ExitCode.ShouldBe(1, format);
        }

        folder.Names().ShouldBeEmpty("half a restore is none");
    }

    private static IEnumerable<string> Packs(ApplianceProcess appliance) =>
        Directory
            .EnumerateFiles(Path.Combine(appliance.Data, "blocks"), "*", SearchOption.AllDirectories)
            .Where(file => file.EndsWith(".pack", StringComparison.Ordinal));

    /// <summary>One bit in the middle, where the blocks are.</summary>
    private static void Flip(string pack)
    {
        using var file = new FileStream(pack, FileMode.Open, FileAccess.ReadWrite);
        file.Position = file.Length / 2;
        var value = file.ReadByte();
        file.Position--;
        file.WriteByte((byte)(value ^ 0x10));
    }
}
