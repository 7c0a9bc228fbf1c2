using Backup.Daemon.Ssh;
using Backup.Foundation.Errors;

namespace Backup.Daemon.Pushes;

/// <summary>
/// The far side of a push: one connection, made again when it is cut. What the server refuses becomes a numbered error. Used by one push, one
/// step at a time; dispose it afterwards.
/// </summary>
/// <param name="tools">Makes connections.</param>
/// <param name="target">Where to.</param>
/// <param name="options">How long it is tried.</param>
/// <param name="time">The clock.</param>
internal sealed class FarSide(SshTools tools, SshTarget target, PushOptions options, TimeProvider time)
    : IAsyncDisposable
{
    // Less than this counts as full: a file system keeps a little for itself.
    private const long Full = 1 << 20;

    private SshSession? _session;
    private bool _wasThere;
    private int _failures;

    internal SshTarget Target => target;

    /// <summary>How often the connection was cut and came back.</summary>
    internal int Cuts { get; private set; }

    /// <summary>Told when the connection is waited for.</summary>
    internal Action Waiting { get; init; } = static () => { };

    /// <summary>The local <c>ssh</c>, for tests; null where there is none.</summary>
    internal int? ProcessId => _session?.ProcessId;

    /// <summary>The far side has more than before: its patience begins anew.</summary>
    internal void Progressed() => _failures = 0;

    /// <summary>
    /// Does one step, from its beginning again where the connection is cut meanwhile: so the step looks at what there is. Where the connection cannot
    /// be made in the first place there is no second try.
    /// </summary>
    /// <param name="what">For messages: <c>writing</c>, <c>making the folder</c>.</param>
    /// <param name="path">On the far side.</param>
    /// <param name="step">The work.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="BackupException">9130 to 9141.</exception>
    internal async Task<T> TryAsync<T>(
        string what,
        string path,
        Func<SftpClient, Task<T>> step,
        CancellationToken cancellation
    )
    {
        while (true)
        {
            try
            {
                if (_session is null)
                {
                    _session = await tools.OpenAsync(target, cancellation);
                    Cuts += _wasThere ? 1 : 0;
                    _wasThere = true;
                }

                return await step(_session.Files);
            }
            catch (SftpException refused)
            {
                throw await ExplainAsync(refused, what, path, cancellation);
            }
            catch (SftpBrokenException nonsense) when (nonsense.IsNonsense)
            {
                throw DaemonErrors.NoSftp(target.ToString(), SshTools.Sentence(nonsense.Message));
            }
            catch (Exception cut) when (IsCut(cut))
            {
                await DropAsync();
                if (_failures == options.Pauses.Count)
                {
                    throw DaemonErrors.FarCut(target.ToString(), SshTools.Sentence(cut.Message), Kept, cut);
                }

                Waiting();
                await Task.Delay(options.Pauses[_failures++], time, cancellation);
            }
        }
    }

    internal Task TryAsync(string what, string path, Func<SftpClient, Task> step, CancellationToken cancellation) =>
        TryAsync(
            what,
            path,
            async files =>
            {
                await step(files);
                return true;
            },
            cancellation
        );

    /// <summary>What the far side's own <c>sha256sum</c> says; null where it has no shell, or no such program.</summary>
    internal async Task<string?> OwnHashAsync(string path, long length, CancellationToken cancellation)
    {
        // As slow a disk as anybody has, and more.
        var atMost = TimeSpan.FromMinutes(5) + TimeSpan.FromSeconds(length / (5 << 20));
        var command = "sha256sum -b -- " + SshTools.Quoted(path);
        var said = await tools.TryRunAsync(target, command, atMost, cancellation);
        // A backslash in front tells that the name is escaped.
        var word = said is { ExitCode: 0 } ? said.Output.TrimStart('\\').Split(' ')[0] : "";
        return word.Length == 64 && word.All(char.IsAsciiHexDigitLower) ? word : null;
    }

    public ValueTask DisposeAsync() => DropAsync();

    private async ValueTask DropAsync()
    {
        if (_session is { } session)
        {
            _session = null;
            await session.DisposeAsync();
        }
    }

    private string Kept =>
        options.KeepsPart
            ? "What was sent stays there, under a name that ends with .part."
            : "What was sent is removed.";

    private bool IsCut(Exception failure) =>
        failure is SftpBrokenException
        || (failure is BackupException { Number: DaemonErrors.SshUnreachable } && _wasThere);

    private async Task<BackupException> ExplainAsync(
        SftpException refused,
        string what,
        string path,
        CancellationToken cancellation
    )
    {
        var name = target.ToString();
        return refused.Status switch
        {
            SftpStatus.PermissionDenied => DaemonErrors.FarNotAllowed(name, what, path),
            SftpStatus.NoSuchFile => DaemonErrors.NoFarFolder(name, FarPath.Parent(path)),
            // The protocol has no number for it.
            SftpStatus.Failure when await IsFullAsync(cancellation) => DaemonErrors.FarDiskFull(name, path, Kept),
            _ => DaemonErrors.FarFailed(name, what, path, SshTools.Sentence(refused.Message)),
        };
    }

    private async Task<bool> IsFullAsync(CancellationToken cancellation)
    {
        try
        {
            return await _session!.Files.SpaceAsync(target.Folder, cancellation) is { Available: < Full };
        }
        catch (Exception failure) when (failure is SftpException or SftpBrokenException)
        {
            return false;
        }
    }
}

/// <summary>Paths on a far side, with <c>/</c> whatever system it is.</summary>
internal static class FarPath
{
    internal static string Join(string folder, string name) =>
        folder.EndsWith('/') ? folder + name : $"{folder}/{name}";

    internal static string Parent(string path) =>
        path.LastIndexOf('/') switch
        {
            < 0 => ".",
            0 => "/",
            var slash => path[..slash],
        };
}
