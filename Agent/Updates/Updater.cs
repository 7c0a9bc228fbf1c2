using System.Buffers;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Backup.Agent.Configuration;
using Backup.Agent.Server;
using Backup.Foundation.Contracts;

namespace Backup.Agent.Updates;

/// <summary>The steps of an update; after each of them the process may be killed.</summary>
internal enum UpdateStep
{
    /// <summary>The new program is beside the old one, whole and verified.</summary>
    Fetched,

    /// <summary>A copy of the old one is kept.</summary>
    Kept,

    /// <summary>It is written down that the new one will be on trial.</summary>
    Announced,

    /// <summary>The new one is in the old one's place.</summary>
    Swapped,
}

/// <summary>Fetches the build that the server offers, verifies it, and puts it into the place of the program.</summary>
/// <param name="folder">The agent's.</param>
/// <param name="installation">What is replaced.</param>
/// <param name="version">Of the program that runs.</param>
/// <param name="credentials">Whose CA vouches for updates.</param>
/// <param name="server">Where they come from.</param>
/// <param name="time">The clock.</param>
internal sealed class Updater(
    string folder,
    Installation installation,
    string version,
    AgentCredentials credentials,
    ServerClient server,
    TimeProvider time
)
{
    private const int Block = 64 * 1024;
    private const string LockName = "update.lock";

    /// <summary>For example <c>linux-x64</c>.</summary>
    public static string Platform { get; } =
        $"{(OperatingSystem.IsLinux() ? "linux" : OperatingSystem.IsWindows() ? "windows" : "other")}-"
        + (RuntimeInformation.ProcessArchitecture == Architecture.X64 ? "x64" : "arm64");

    /// <summary>Told of each step once it is durable; of tests.</summary>
    internal Action<UpdateStep> Reached { get; init; } = _ => { };

    /// <summary>The verified offer, where there is one that is newer than the program; null else.</summary>
    /// <exception cref="Foundation.Errors.BackupException">7024 not the server's word, 7027 for another platform, or the server's refusal.</exception>
    public async Task<UpdateOffer?> CheckAsync(CancellationToken cancellation)
    {
        if (await server.UpdateAsync(Platform, cancellation) is not { } offer)
        {
            return null;
        }

        Require(offer);
        // A build that is called by a newer number than it says itself would be put in place again and again.
        return IsNewer(offer) && offer.Sha256 != installation.Hash() ? offer : null;
    }

    /// <summary>Whether the offer did not come up here before: then only an operator tries it again.</summary>
    public bool IsRefused(UpdateOffer offer) =>
        UpdateState.Load(folder) is { IsRefused: true } state && state.Sha256 == offer.Sha256;

    /// <summary>Puts the offered build in place. Until the last step the old program is there, and from it on the new one.</summary>
    /// <exception cref="Foundation.Errors.BackupException">7024 to 7027; 1003, 1004: nothing has changed.</exception>
    public async Task ApplyAsync(UpdateOffer offer, CancellationToken cancellation)
    {
        Require(offer);
        if (!IsNewer(offer))
        {
            throw AgentErrors.NoNewerUpdate(offer.Version, version);
        }

        using var turn = TakeTurn();
        await FetchAsync(offer, cancellation);
        Reached(UpdateStep.Fetched);
        installation.KeepPrevious();
        Reached(UpdateStep.Kept);
        new UpdateState(offer.Version, offer.Sha256, IsRefused: false, Starts: 0).Save(folder);
        Reached(UpdateStep.Announced);
        installation.Swap();
        Reached(UpdateStep.Swapped);
    }

    /// <summary>An operator's update and an automatic one do not cross; the operating system lets go where a process is killed.</summary>
    private FileStream TakeTurn()
    {
        var path = Path.Combine(folder, LockName);
        try
        {
            return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw AgentErrors.OtherUpdate(path, failure);
        }
    }

    private void Require(UpdateOffer offer)
    {
        using var authority = credentials.Identity.LoadAuthority();
        UpdateVerifier.RequireSigned(offer, authority, time);
        if (offer.Platform != Platform)
        {
            throw AgentErrors.OtherPlatform(offer.Platform, Platform);
        }
    }

    private bool IsNewer(UpdateOffer offer) =>
        UpdateOffer.TryVersion(offer.Version, out var offered)
        && UpdateOffer.TryVersion(version, out var own)
        && offered > own;

    private async Task FetchAsync(UpdateOffer offer, CancellationToken cancellation)
    {
        using var file = installation.BeginNext();
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        await using var program = await server.ProgramAsync(offer.Sha256, cancellation);
        var buffer = ArrayPool<byte>.Shared.Rent(Block);
        try
        {
            for (int read; (read = await program.ReadAsync(buffer, cancellation)) > 0; )
            {
                if (file.Length + read > offer.Length)
                {
                    throw AgentErrors.UpdateDamaged($"it has more than the {offer.Length} bytes that were announced");
                }

                hash.AppendData(buffer, 0, read);
                file.Append(buffer.AsSpan(0, read));
            }
        }
        catch (IOException cut)
        {
            throw AgentErrors.UpdateDamaged(
                $"it broke off after {file.Length} of {offer.Length} bytes ({cut.Message})"
            );
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        if (file.Length != offer.Length)
        {
            throw AgentErrors.UpdateDamaged($"it ended after {file.Length} of {offer.Length} bytes");
        }

        if (Convert.ToHexStringLower(hash.GetHashAndReset()) != offer.Sha256)
        {
            throw AgentErrors.UpdateDamaged("its SHA-256 is not the one that was signed");
        }

        file.Publish();
    }
}
