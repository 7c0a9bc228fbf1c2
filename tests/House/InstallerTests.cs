using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Backup.Tests.Support;
using Shouldly;
using Xunit;

namespace Backup.Tests.House;

/// <summary>What is installed beside the programs.</summary>
public sealed class InstallerTests
{
    private const double MostExposure = 3;

    public static TheoryData<string> Units =>
        [
            .. Directory
                .GetFiles(SourceTree.At("installer", "systemd"), "*.service")
                .Select(static one => Path.GetFileName(one)),
        ];

    [ConditionalTheory]
    [MemberData(nameof(Units))]
    public async Task A_service_may_do_little_of_what_its_host_allows(string unit)
    {
        using var process = Process.Start(
            new ProcessStartInfo(
                "systemd-analyze",
                ["security", "--offline=true", "--no-pager", SourceTree.At("installer", "systemd", unit)]
            )
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            }
        )!;
        var told = await process.StandardOutput.ReadToEndAsync();
        var exposure = Regex.Match(
            told,
            @"Overall exposure level for \S+: (?<level>[0-9.]+)",
            RegexOptions.ExplicitCapture,
            TimeSpan.FromSeconds(1)
        );
        exposure.Success.ShouldBeTrue(told);
        double.Parse(exposure.Groups["level"].Value, CultureInfo.InvariantCulture).ShouldBeLessThan(MostExposure, told);
    }

    [Fact]
    public void Rules_and_dashboards_know_no_metric_that_is_not_told()
    {
        var told = Names(File.ReadAllText(SourceTree.At("WebUI", "Resources", "MetricsRoutes.cs")));
        foreach (var file in Directory.GetFiles(SourceTree.At("installer", "monitoring")))
        {
            var used = Names(File.ReadAllText(file));
            used.ShouldNotBeEmpty(file);
            used.Except(told).ShouldBeEmpty(file);
        }

        static HashSet<string> Names(string text) =>
            [
                .. Regex
                    .Matches(text, @"\b(backup|process)_[a-z_]+[a-z]\b", RegexOptions.None, TimeSpan.FromSeconds(1))
                    .Select(static one => one.Value),
            ];
    }

    [Theory]
    [InlineData("build-app")]
    [InlineData("build-packages")]
    [InlineData("test-packages")]
    public async Task Scripts_are_whole(string script)
    {
        using var process = Process.Start(
            new ProcessStartInfo("bash", ["-n", SourceTree.At("installer", script)]) { RedirectStandardError = true }
        )!;
        (await process.StandardError.ReadToEndAsync()).ShouldBeEmpty();
        await process.WaitForExitAsync();
        process.ExitCode.ShouldBe(0);
    }

    /// <summary>Where systemd is installed.</summary>
    private sealed class ConditionalTheoryAttribute : TheoryAttribute
    {
        public ConditionalTheoryAttribute()
        {
            if (!File.Exists("/usr/bin/systemd-analyze"))
            {
                Skip = "systemd-analyze is not installed.";
            }
        }
    }
}
