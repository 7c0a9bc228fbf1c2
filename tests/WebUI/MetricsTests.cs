using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using Backup.WebUI.Access;
using Backup.WebUI.Contracts;
using Backup.WebUI.Frame;
using Shouldly;
using Xunit;

namespace Backup.Tests.WebUI;

/// <summary>What Prometheus scrapes.</summary>
public sealed class MetricsTests
{
    [Fact]
    public async Task Whoever_may_see_a_group_scrapes_it_and_no_other()
    {
        await using var scene = await WebScene.StartAsync();
        scene.Desks.Deployments.Add(Deployment("rs0", "deployment-rs0"));
        var viewer = scene.Member(Permission.See, CallerKind.Token);
        using var answer = await scene.SendAsync(HttpMethod.Get, "/metrics", viewer);
        answer.Content.Headers.ContentType!.ToString().ShouldBe("text/plain; version=0.0.4; charset=utf-8");
        var text = await answer.Content.ReadAsStringAsync();
        text.ShouldContain("backup_oplog_lag_seconds{group=\"ours\",deployment=\"rs0\",replica_set=\"rs0\"} 2.5\n");
        text.ShouldContain("backup_groom_failed 0\n");
        text.ShouldContain("backup_groom_duration_seconds 2.5\n");
        text.ShouldContain("backup_groom_reclaimed_bytes 300\n");
        text.ShouldContain("backup_groom_blocks_bytes{state=\"held\"} 60\n");
        text.ShouldNotContain("theirs");
        text.ShouldNotContain("rs9");
        Valid(text);

        using var nobody = await scene.SendAsync(HttpMethod.Get, "/metrics", caller: null);
        nobody.StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        (await nobody.Content.ReadAsStringAsync()).ShouldNotContain("backup_");
    }

    [Fact]
    public void Names_of_others_cannot_break_out_of_a_label()
    {
        var text = new PrometheusText();
        text.Gauge("backup_x", "X.", 1, ("name", "a\"} 7\nbackup_y 8\\"));
        text.Gauge("backup_z", "Z.", null, ("name", "unknown"));
        text.ToString()
            .ShouldBe("# HELP backup_x X.\n# TYPE backup_x gauge\nbackup_x{name=\"a\\\"} 7\\nbackup_y 8\\\\\"} 1\n");
    }

    /// <summary>Each line is a comment or a sample, and the samples of a metric stand together behind its type.</summary>
    private static void Valid(string text)
    {
        text.ShouldEndWith("\n");
        var (seen, current) = (new HashSet<string>(), "");
        foreach (var line in text.TrimEnd('\n').Split('\n'))
        {
            if (line.StartsWith("# TYPE ", StringComparison.Ordinal))
            {
                current = line.Split(' ')[2];
                seen.Add(current).ShouldBeTrue(current);
            }
            else if (!line.StartsWith("# HELP ", StringComparison.Ordinal))
            {
                var sample = Regex.Match(
                    line,
                    "^(?<name>[a-z_]+)(\\{[a-z_]+=\"[^\"\n]*\"(,[a-z_]+=\"[^\"\n]*\")*\\})? (?<value>\\S+)$",
                    RegexOptions.ExplicitCapture,
                    TimeSpan.FromSeconds(1)
                );
                sample.Success.ShouldBeTrue(line);
                sample.Groups["name"].Value.ShouldBe(current);
                double.Parse(sample.Groups["value"].Value, CultureInfo.InvariantCulture);
            }
        }
    }

    private static DeploymentView Deployment(string name, string id) =>
        new(
            id,
            name,
            "replicaSet",
            [
                new ReplicaSetView(
                    $"set-{name}",
                    name,
                    "tailing",
                    new OptimeView(1, 1),
                    2.5,
                    1,
                    DateTimeOffset.UtcNow,
                    null,
                    null
                ),
            ],
            null
        );
}
