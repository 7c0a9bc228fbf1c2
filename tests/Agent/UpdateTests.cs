using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Backup.Agent;
using Backup.Agent.Configuration;
using Backup.Agent.Server;
using Backup.Agent.Updates;
using Backup.Foundation.Contracts;
using Backup.Foundation.Errors;
using Shouldly;
using Xunit;

namespace Backup.Tests.Agent;

/// <summary>An update is the server's word or nothing; killed at any line, there is a whole program; one that does not come up is taken back.</summary>
public sealed class UpdateTests
{
    private const string Own = "1.4.0";

    [Fact]
    public async Task ANewerBuildTakesTheProgramsPlaceAndTheOneBeforeIsKept()
    {
        await using var scene = await Scene.StartAsync();
        (await scene.Updater().CheckAsync(default)).ShouldBeNull("nothing is offered");
        var build = scene.Offer("1.5.0");
        var offer = (await scene.Updater().CheckAsync(default)).ShouldNotBeNull();
        await scene.Updater().ApplyAsync(offer, default);
        scene.Program.ShouldBe(build);
        File.ReadAllBytes(scene.Installation.Previous).ShouldBe(scene.Old);
        File.GetUnixFileMode(scene.Installation.Program).HasFlag(UnixFileMode.UserExecute).ShouldBeTrue();
        File.Exists(scene.Installation.Next).ShouldBeFalse();

        scene.Trial.Begin().ShouldBe(TrialVerdict.OnTrial);
        scene.Trial.Confirm();
        scene.Trial.Begin().ShouldBe(TrialVerdict.None);
        scene.Trial.Settle().ShouldBe(TrialVerdict.None);
        scene.Program.ShouldBe(build);
        // Though it says an older version of itself: it is in place.
        (await scene.Updater().CheckAsync(default)).ShouldBeNull();
    }

    [Fact]
    public async Task NothingButTheServersWordIsTaken()
    {
        await using var scene = await Scene.StartAsync();
        _ = scene.Offer("1.5.0");
        var offer = (await scene.Server.UpdateAsync(Updater.Platform, default))!;
        UpdateOffer[] forged =
        [
            offer with
            {
                Version = "1.6.0",
            },
            offer with
            {
                Sha256 = new string('0', 64),
            },
            offer with
            {
                Length = offer.Length + 1,
            },
            offer with
            {
                Platform = "linux-other",
            },
            offer with
            {
                Version = "1.5.0\nlinux",
            },
            offer with
            {
                Signature = "",
            },
            offer with
            {
                Signature = "no base64",
            },
            offer with
            {
                Certificate = offer.Signature,
            },
            Resigned(offer, scene.Appliance.Identity),
            Resigned(offer, await StrangerAsync()),
        ];
        foreach (var one in forged)
        {
            var refused = await Should.ThrowAsync<BackupException>(() => scene.Updater().ApplyAsync(one, default));
            refused.Number.ShouldBe(AgentErrors.UpdateNotTrusted, one.ToString());
        }

        var other = await Should.ThrowAsync<BackupException>(() => scene.OtherPlatformAsync());
        other.Number.ShouldBe(AgentErrors.UpdateNotPossible);
        scene.ShouldBeUntouched();
    }

    [Theory]
    [InlineData("1.3.9")]
    [InlineData("1.4.0")]
    [InlineData("0.9.0")]
    public async Task AnAgentIsNeverTakenBackToAnOlderVersion(string version)
    {
        await using var scene = await Scene.StartAsync();
        _ = scene.Offer(version);
        (await scene.Updater().CheckAsync(default)).ShouldBeNull();
        var offer = (await scene.Server.UpdateAsync(Updater.Platform, default))!;
        var refused = await Should.ThrowAsync<BackupException>(() => scene.Updater().ApplyAsync(offer, default));
        refused.Number.ShouldBe(AgentErrors.UpdateNotNewer);
        scene.ShouldBeUntouched();
    }

    [Theory]
    [InlineData("cut")]
    [InlineData("longer")]
    [InlineData("changed")]
    [InlineData("gone")]
    public async Task WhatDoesNotArriveAsItWasSignedChangesNothing(string damage)
    {
        await using var scene = await Scene.StartAsync();
        _ = scene.Offer("1.5.0");
        var offer = (await scene.Updater().CheckAsync(default))!;
        var stored = Directory.GetFiles(scene.Store, "build-*").ShouldHaveSingleItem();
        var bytes = File.ReadAllBytes(stored);
        bytes[^1] ^= 1;
        await File.WriteAllBytesAsync(
            stored,
            damage switch
            {
                "cut" => bytes[..^1000],
                "longer" => [.. bytes, 1],
                _ => bytes,
            }
        );
        if (damage == "gone")
        {
            File.Delete(stored);
        }

        var refused = await Should.ThrowAsync<BackupException>(() => scene.Updater().ApplyAsync(offer, default));
        refused.Code.ShouldBe(damage == "gone" ? "BK8004" : $"BK{AgentErrors.UpdateBroken}");
        scene.ShouldBeUntouched();
    }

    [Fact]
    public async Task KilledBetweenAnyTwoStepsAWholeProgramIsThereAndTheNextStartGoesOn()
    {
        foreach (var step in Enum.GetValues<UpdateStep>())
        {
            await using var scene = await Scene.StartAsync();
            var build = scene.Offer("1.5.0");
            var offer = (await scene.Updater().CheckAsync(default))!;
            await Should.ThrowAsync<KilledException>(() => scene.Updater(killedAfter: step).ApplyAsync(offer, default));
            var isNew = step == UpdateStep.Swapped;
            scene.Program.ShouldBe(isNew ? build : scene.Old, step.ToString());
            scene.Trial.Begin().ShouldBe(isNew ? TrialVerdict.OnTrial : TrialVerdict.None, step.ToString());
            if (isNew)
            {
                continue;
            }

            // Nothing is remembered of what did not happen, and it is done again from the beginning.
            UpdateState.Load(scene.Folder).ShouldBeNull();
            scene.Updater().IsRefused(offer).ShouldBeFalse();
            await scene.Updater().ApplyAsync(offer, default);
            (scene.Program.SequenceEqual(build), scene.Trial.Begin()).ShouldBe((true, TrialVerdict.OnTrial));
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task AnUpdateThatDoesNotComeUpIsTakenBackAndNotTriedAgainByItself(bool seenByTheKeeper)
    {
        await using var scene = await Scene.StartAsync();
        _ = scene.Offer("1.5.0");
        var offer = (await scene.Updater().CheckAsync(default))!;
        await scene.Updater().ApplyAsync(offer, default);
        for (var start = 0; start < (seenByTheKeeper ? 1 : UpdateTrial.MostStarts); start++)
        {
            scene.Trial.Begin().ShouldBe(TrialVerdict.OnTrial);
        }

        (seenByTheKeeper ? scene.Trial.Settle() : scene.Trial.Begin()).ShouldBe(TrialVerdict.TakenBack);
        scene.Program.ShouldBe(scene.Old);
        scene.Trial.Begin().ShouldBe(TrialVerdict.None);
        scene.Trial.Settle().ShouldBe(TrialVerdict.None);
        scene.Updater().IsRefused(offer).ShouldBeTrue();

        // Another build is another matter; and an operator may try this one again.
        scene.Updater().IsRefused(offer with { Sha256 = new string('a', 64) }).ShouldBeFalse();
        await scene.Updater().ApplyAsync(offer, default);
        scene.Trial.Begin().ShouldBe(TrialVerdict.OnTrial);
    }

    [Fact]
    public async Task KilledWhileItIsTakenBackTheNextStartEndsThat()
    {
        await using var scene = await Scene.StartAsync();
        var build = scene.Offer("1.5.0");
        var offer = (await scene.Updater().CheckAsync(default))!;
        await scene.Updater().ApplyAsync(offer, default);
        // The refusal is written before the file changes.
        (UpdateState.Load(scene.Folder)! with { IsRefused = true }).Save(scene.Folder);
        scene.Program.ShouldBe(build);
        scene.Trial.Begin().ShouldBe(TrialVerdict.TakenBack);
        scene.Program.ShouldBe(scene.Old);
        scene.Updater().IsRefused(offer).ShouldBeTrue();
    }

    /// <summary>The same offer signed with a key that the CA vouches for, but for another use; or that another CA does.</summary>
    private static UpdateOffer Resigned(UpdateOffer offer, AgentIdentity identity)
    {
        using var key = ECDsa.Create();
        key.ImportPkcs8PrivateKey(Convert.FromBase64String(identity.CertificateKey!), out _);
        var signed = UpdateOffer.Signed(offer.Version, offer.Platform, offer.Sha256, offer.Length);
        return offer with
        {
            Certificate = identity.Certificate!,
            Signature = Convert.ToBase64String(
                key.SignData(signed, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence)
            ),
        };
    }

    /// <summary>Of another server: its key for updates is as good as this one's, for its own agents.</summary>
    private static async Task<AgentIdentity> StrangerAsync()
    {
        await using var other = await Scene.StartAsync();
        _ = other.Offer("1.5.0");
        _ = await other.Server.UpdateAsync(Updater.Platform, default);
        using var certificate = X509Certificate2.CreateFromPemFile(
            Path.Combine(other.Appliance.Options.CertificateFolder, "update.pem"),
            Path.Combine(other.Appliance.Options.CertificateFolder, "update.pem")
        );
        using var key = certificate.GetECDsaPrivateKey()!;
        return other.Appliance.Identity with
        {
            Certificate = Convert.ToBase64String(certificate.RawData),
            CertificateKey = Convert.ToBase64String(key.ExportPkcs8PrivateKey()),
        };
    }

    private sealed class KilledException : Exception;

    /// <summary>A server, an agent's folder and an installed program; no process of it runs.</summary>
    private sealed class Scene : IAsyncDisposable
    {
        private readonly AgentCredentials _credentials;

        private Scene(Appliance appliance)
        {
            Appliance = appliance;
            Folder = appliance.Folder("agent");
            appliance.Identity.Save(Folder);
            _credentials = AgentCredentials.Open(Folder);
            Server = new ServerClient(_credentials, TimeProvider.System);
            var bin = Directory.CreateDirectory(appliance.Folder("bin")).FullName;
            Installation = new Installation(Path.Combine(bin, "backup-agent"));
            File.WriteAllBytes(Installation.Program, Old);
        }

        public Appliance Appliance { get; }

        public string Folder { get; }

        public ServerClient Server { get; }

        public Installation Installation { get; }

        public UpdateTrial Trial => new(Folder, Installation);

        public byte[] Old { get; } = Build(1);

        public byte[] Program => File.ReadAllBytes(Installation.Program);

        public string Store => Path.Combine(Appliance.Options.CertificateFolder, "updates");

        public static async Task<Scene> StartAsync() => new(await Appliance.StartAsync());

        public byte[] Offer(string version, byte machine = 62)
        {
            var build = Build(2, machine);
            var path = Appliance.Folder("offered");
            File.WriteAllBytes(path, build);
            _ = Appliance.Server.Updates.Offer(path, version);
            return build;
        }

        public Updater Updater(UpdateStep? killedAfter = null) =>
            new(Folder, Installation, Own, _credentials, Server, TimeProvider.System)
            {
                Reached = step =>
                {
                    if (step == killedAfter)
                    {
                        throw new KilledException();
                    }
                },
            };

        /// <summary>Genuine, but for other machines.</summary>
        public async Task OtherPlatformAsync()
        {
            _ = Offer("1.5.0", machine: 183);
            var offer = (await Server.UpdateAsync("linux-arm64", default))!;
            await Updater().ApplyAsync(offer, default);
        }

        public void ShouldBeUntouched()
        {
            Program.ShouldBe(Old);
            Directory
                .GetFiles(Path.GetDirectoryName(Installation.Program)!)
                .ShouldBe([Installation.Program], "nothing half-done is left");
            UpdateState.Load(Folder).ShouldBeNull();
        }

        public async ValueTask DisposeAsync()
        {
            Server.Dispose();
            _credentials.Dispose();
            await Appliance.DisposeAsync();
        }

        /// <summary>A header of ELF for that machine, and bytes that make no program.</summary>
        private static byte[] Build(int seed, byte machine = 62)
        {
            var build = new byte[300_000];
            new Random(seed).NextBytes(build);
            "\u007fELF\u0002\u0001"u8.CopyTo(build);
            (build[18], build[19]) = (machine, 0);
            return build;
        }
    }
}
