using System.Diagnostics;
using System.Text.Json;
using Backup.Agent.Check;
using Backup.Agent.Status;
using Backup.Metadata;
using Backup.Sandbox;
using Backup.Tests.Support;
using Shouldly;
using Xunit;
using Xunit.Abstractions;

namespace Backup.Tests.Agent;

/// <summary><c>backup-agent status</c> and <c>backup-agent check</c>: what an operator sees on the agent's host.</summary>
public sealed class StatusTests(ITestOutputHelper output)
{
    private const string Password = "Bitte-nicht-zeigen";

    [Fact]
    public async Task TheStatusIsTheRunningAgentsAndSaysPlainlyWhenThereIsNone()
    {
        await using var all = await Appliance.StartAsync(
            new SandboxOptions { Users = [new SandboxUser("reader", Password, "backup", "clusterMonitor")] }
        );
        for (var id = 0; id < 60; id++)
        {
            _ = all.Source.Insert("shop", "orders", Appliance.Document(id, 1 << 20));
        }

        await all.ProtectAsync(
            all.Source.ConnectionString.Replace("mongodb://", $"mongodb://reader:{Password}@", StringComparison.Ordinal)
        );
        await all.Metadata.Deployments.SetSourceAsync("d1", new SourceSettings(BytesPerSecond: 5_000_000));
        await using var agent = new AgentProcess(all);
        var copying = await UntilAsync(all, one => one.Copy is { EtaSeconds: > 0 } && one.Load is not null);
        output.WriteLine($"{copying}");
        (copying.Name, copying.Fence, copying.Rule, copying.Why).ShouldBe(
            ("shop", 1, "secondary", "the primary: no secondary fits")
        );
        copying.Member.ShouldStartWith("127.0.0.1:");
        copying.LastSlice!.Kind.ShouldBeOneOf("copy", "oplog");
        copying.Copy!.ExpectedBytes.ShouldBeInRange(60 << 20, 62 << 20);
        copying.Copy.Bytes.ShouldBeInRange(1, copying.Copy.ExpectedBytes);

        await all.Metadata.Deployments.SetSourceAsync("d1", new SourceSettings());
        var last = all.Source.Insert("shop", "orders", Appliance.Document(1000));
        var tailing = await UntilAsync(all, one => one.State == "tailing" && one.Position?.ToOptime() >= last);
        (tailing.Copy, tailing.Error, tailing.LagSeconds).ShouldBe((null, null, 0));
        File.GetUnixFileMode(Path.Combine(all.Folder("agent"), "agent.sock"))
            .ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        var text = await AgentProcess.VerbAsync(all, "status");
        text.Output.ShouldContain("shop: tailing; lease 1");
        text.Output.ShouldNotContain(Password);
        agent.Log.ShouldNotContain(Password);

        // A hung agent is not taken for one that is not there.
        await agent.SignalAsync("-STOP");
        var mute = await AgentProcess.VerbAsync(all, "status");
        (mute.ExitCode, mute.Errors.Contains("BK7022", StringComparison.Ordinal)).ShouldBe((1, true), mute.Errors);
        await agent.SignalAsync("-KILL");
        await agent.ExitAsync(TimeSpan.FromSeconds(5));
        File.Exists(Path.Combine(all.Folder("agent"), "agent.sock")).ShouldBeTrue("it was killed");
        var gone = await AgentProcess.VerbAsync(all, "status", "--json");
        gone.ExitCode.ShouldBe(3);
        JsonSerializer.Deserialize(gone.Output, StatusJson.Default.AgentStatus)!.Running.ShouldBeFalse();
        (await AgentProcess.VerbAsync(all, "status")).Output.ShouldContain("it does not run");
    }

    [Fact]
    public async Task TheCheckNamesWhatIsMissing()
    {
        await using var all = await Appliance.StartAsync(
            new SandboxOptions { Users = [new SandboxUser("reader", Password, "clusterMonitor")] }
        );
        all.Identity.Save(all.Folder("agent"));
        await all.ProtectAsync(
            all.Source.ConnectionString.Replace("mongodb://", $"mongodb://reader:{Password}@", StringComparison.Ordinal)
        );
        var (exit, report) = await CheckAsync(all);
        (exit, report.Ok, report.Server.Ok, report.Server.Protocol).ShouldBe((1, false, true, 2));
        report.Server.CertificateDaysLeft!.Value.ShouldBeInRange(300, 366);
        report.Server.AgentCertificateDaysLeft!.Value.ShouldBeInRange(300, 366);
        Math.Abs(report.Server.ClockAheadSeconds!.Value).ShouldBeLessThan(3);
        var deployment = report.Deployments.ShouldHaveSingleItem();
        (deployment.Ok, deployment.Error!.Code).ShouldBe((false, "BK7007"));
        var member = deployment.Members.ShouldHaveSingleItem();
        (member.Reachable, member.User, member.State).ShouldBe((true, "reader", "PRIMARY"));
        member.MissingPrivileges.ShouldContain("find on local.oplog.rs");
        member.MissingPrivileges.ShouldNotContain(one => one.Contains("replSetGetStatus"));

        // No server: nobody knows what is to be backed up.
        await all.Server.StopAsync();
        var (alone, none) = await CheckAsync(all);
        (alone, none.Server.Ok, none.Server.Error!.Code).ShouldBe((1, false, "BK7003"));
    }

    [RealMongoFact]
    public async Task TheCheckLooksAtEveryMemberOfARealSetAndSaysWhichOneAndWhy()
    {
        await using var set = await RealReplicaSet.StartAsync(
            3,
            number => number == 2 ? "\"priority\":0,\"hidden\":true" : ""
        );
        await using var all = await Appliance.StartAsync();
        all.Identity.Save(all.Folder("agent"));
        await all.ProtectAsync(set.ConnectionString);
        await set.KillAsync(1);
        var (exit, report) = await CheckAsync(all);
        exit.ShouldBe(0);
        var deployment = report.Deployments.ShouldHaveSingleItem();
        (deployment.ReplicaSet, deployment.Chosen, deployment.Why).ShouldBe(
            ("rs0", set.Address(2).ToString(), "a hidden secondary")
        );
        var members = deployment.Members.ToDictionary(one => one.Host);
        members.Count.ShouldBe(3);
        var lost = members[set.Address(1).ToString()];
        (lost.Reachable, lost.Error!.Code).ShouldBe((false, "BK2110"));
        foreach (var number in (int[])[0, 2])
        {
            var one = members[set.Address(number).ToString()];
            (one.Reachable, one.Error, one.MongoVersion, one.FeatureCompatibilityVersion, one.Unfit).ShouldBe(
                (true, null, "4.2.4", "4.2", null)
            );
            // What an oplog of seconds, maybe of one, would hold once it is full.
            one.OplogWindowHours!.Value.ShouldBeInRange(0, 10_000);
            Math.Abs(one.ClockAheadSeconds!.Value).ShouldBeLessThan(2);
            Math.Abs(one.ClockAheadOfServerSeconds!.Value).ShouldBeLessThan(3);
        }

        (members[set.Address(2).ToString()].State, members[set.Address(2).ToString()].Tls).ShouldBe(
            ("SECONDARY", false)
        );

        // A rule that nobody fits is a reason not to be backed up.
        await all.Metadata.Deployments.SetSourceAsync("d1", new SourceSettings(Member: $"host:{set.Address(1)}"));
        var (misfit, told) = await CheckAsync(all);
        (misfit, told.Deployments.Single().Error!.Code).ShouldBe((1, "BK7021"));
        var text = await AgentProcess.VerbAsync(all, "check");
        text.Output.ShouldContain("cannot be backed up");
    }

    private static async Task<(int ExitCode, CheckReport Report)> CheckAsync(Appliance all)
    {
        var result = await AgentProcess.VerbAsync(all, "check", "--json");
        result.Output.ShouldNotContain(Password);
        return (result.ExitCode, JsonSerializer.Deserialize(result.Output, CheckJson.Default.CheckReport)!);
    }

    private static async Task<DeploymentStatus> UntilAsync(Appliance all, Func<DeploymentStatus, bool> wanted)
    {
        for (var watch = Stopwatch.StartNew(); ; await Task.Delay(100))
        {
            // As the verb asks it.
            var status = await StatusSocket.AskAsync(all.Folder("agent"), default);
            if (status is { Running: true } && status.Deployments.FirstOrDefault(wanted) is { } found)
            {
                return found;
            }

            watch.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(30), $"{status?.Deployments.FirstOrDefault()}");
        }
    }
}
