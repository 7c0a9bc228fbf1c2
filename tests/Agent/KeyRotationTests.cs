using Backup.Agent.Configuration;
using Backup.Agent.Server;
using Backup.BackupHttpServer;
using Backup.Metadata;
using Shouldly;
using Xunit;

namespace Backup.Tests.Agent;

/// <summary>However a rotation is broken off, the agent comes in again with what stands in its folder, and in the end with one key.</summary>
public sealed class KeyRotationTests
{
    /// <summary>The lines of a rotation after which the process may be gone, in their order.</summary>
    public static TheoryData<int> Lines => [.. Enumerable.Range(0, 6)];

    [Theory]
    [MemberData(nameof(Lines))]
    public async Task KilledAfterAnyLineTheAgentStillGetsInAndEndsWithTheNewKey(int line)
    {
        await using var all = await Appliance.StartAsync();
        var folder = all.Folder("agent");
        all.Identity.Save(folder);
        await UntilKilledAsync(folder, line);

        using (var credentials = AgentCredentials.Open(folder))
        using (var client = new ServerClient(credentials, TimeProvider.System))
        {
            _ = await client.ConfigurationAsync(default);
            await new KeyRotation(credentials, client).ResumeAsync(default);
            _ = await client.ConfigurationAsync(default);
            await new KeyRotation(credentials, client).RotateAsync(default);
            _ = await client.ConfigurationAsync(default);
        }

        var stored = AgentIdentity.Load(folder);
        stored.NextApiKey.ShouldBeNull();
        stored.ApiKey.ShouldNotBe(all.Identity.ApiKey);
        File.GetUnixFileMode(Path.Combine(folder, "agent.json"))
            .ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        (await all.Metadata.Credentials.KeysAsync()).Count(key => key.State == ApiKeyState.Valid).ShouldBe(1);
    }

    [Fact]
    public async Task TwoProcessesOfOneAgentThatRotateAtTheSameTimeDoNotLockEachOtherOut()
    {
        await using var all = await Appliance.StartAsync();
        var folder = all.Folder("agent");
        all.Identity.Save(folder);
        await Task.WhenAll(RotateOftenAsync(folder), RotateOftenAsync(folder));

        using var credentials = AgentCredentials.Open(folder);
        using var client = new ServerClient(credentials, TimeProvider.System);
        _ = await client.ConfigurationAsync(default);
        (await all.Metadata.Credentials.KeysAsync()).Count(key => key.State == ApiKeyState.Valid).ShouldBe(1);
    }

    [Fact]
    public async Task ARunningAgentReplacesItsKeyWhenAskedAndGoesOn()
    {
        await using var all = await Appliance.StartAsync();
        await using var agent = new AgentProcess(all);
        var first = (await all.Metadata.Credentials.KeysAsync()).ShouldHaveSingleItem();
        await all.Metadata.Credentials.RequestRotationAsync(first.Id);
        var next = await all.UntilAsync(
            async () => (await all.Metadata.Credentials.KeysAsync()).FirstOrDefault(IsInUse),
            "the key is not replaced"
        );
        next.Replaces.ShouldBe(first.Id);
        var seen = (await all.Metadata.Access.AgentsAsync()).ShouldHaveSingleItem().LastSeenAt;
        await all.UntilAsync(
            async () =>
                (await all.Metadata.Access.AgentsAsync()).FirstOrDefault(one =>
                    one.LastSeenAt > (seen ?? DateTimeOffset.MinValue)
                ),
            "the agent does not go on"
        );

        await all.Metadata.Credentials.RevokeKeyAsync(next.Id);
        await all.UntilAsync(
            () => Task.FromResult(agent.Log.Contains($"BK{BackupHttpServerErrors.KeyRevoked}") ? agent.Log : null),
            "the agent does not say that its key was revoked"
        );
    }

    /// <summary>Kills at random times while the key is replaced again and again: the next process always gets in.</summary>
    [Fact]
    public async Task KilledAtAnyTimeTheNextProcessGetsIn()
    {
        await using var all = await Appliance.StartAsync();
        var random = new Random(4711);
        for (var round = 0; round < 4; round++)
        {
            await using (var agent = new AgentProcess(all, keepsIdentity: round > 0))
            {
                var before = await ValidAsync(all);
                await all.Metadata.Credentials.RequestRotationAsync(before.Id);
                await all.UntilAsync(
                    async () =>
                        (await all.Metadata.Credentials.KeysAsync()).FirstOrDefault(key => key.Replaces == before.Id),
                    "no new key is asked for"
                );
                await Task.Delay(random.Next(12));
            }

            using var credentials = AgentCredentials.Open(all.Folder("agent"));
            using var client = new ServerClient(credentials, TimeProvider.System);
            _ = await client.ConfigurationAsync(default);
        }
    }

    [Fact]
    public async Task AnAgentOfATimeBeforeCertificatesGetsOneWhileItRuns()
    {
        await using var all = await Appliance.StartAsync();
        all.Identity = all.Identity with { Certificate = null, CertificateKey = null };
        await using var agent = new AgentProcess(all);
        await all.UntilAsync(
            () => Task.FromResult(AgentIdentity.Load(all.Folder("agent")).Certificate),
            "it has no certificate"
        );
        (await all.Metadata.Credentials.CertificatesAsync()).Count.ShouldBe(2, "and the one of the enrolment");
    }

    private static bool IsInUse(ApiKeyRecord key) => key is { State: ApiKeyState.Valid, Replaces: not null };

    private static async Task<ApiKeyRecord> ValidAsync(Appliance all) =>
        (await all.Metadata.Credentials.KeysAsync()).Single(key => key.State == ApiKeyState.Valid);

    /// <summary>What a process does before it is gone; what it knew and did not store is gone with it.</summary>
    private static async Task UntilKilledAsync(string folder, int line)
    {
        using var credentials = AgentCredentials.Open(folder);
        using var client = new ServerClient(credentials, TimeProvider.System);
        if (line == 0)
        {
            return;
        }

        var next = await client.NextKeyAsync(credentials.Identity.ApiKey, default);
        if (line == 2)
        {
            // Another one was asked for, since the answer was lost.
            next = await client.NextKeyAsync(credentials.Identity.ApiKey, default);
        }

        if (line <= 2)
        {
            return;
        }

        using var hold = await credentials.HoldAsync(default);
        hold.Change(identity => identity with { NextApiKey = next.ApiKey });
        if (line >= 4)
        {
            await client.ConfirmKeyAsync(next.ApiKey, default);
        }

        if (line == 5)
        {
            hold.Change(identity => identity with { ApiKey = next.ApiKey, NextApiKey = null });
        }
    }

    private static async Task RotateOftenAsync(string folder)
    {
        using var credentials = AgentCredentials.Open(folder);
        using var client = new ServerClient(credentials, TimeProvider.System);
        var rotation = new KeyRotation(credentials, client);
        for (var round = 0; round < 6; round++)
        {
            await rotation.RotateAsync(default);
        }
    }
}
