using System.Collections.Concurrent;
using Backup.Foundation.Errors;

namespace Backup.Daemon.DataFiles;

/// <summary>
/// The mongod of each version that data files can be written with: those that are set, and the one on the search path for its own version where none
/// is set for that.
/// </summary>
public sealed class MongodPrograms
{
    private readonly IReadOnlyDictionary<string, string> _set;
    private readonly string _searchPath;
    private readonly TimeProvider _time;
    private readonly ConcurrentDictionary<string, MongodProgram> _checked = new(StringComparer.Ordinal);

    /// <param name="settings"><c>VERSION=PATH</c> each, the version's first two numbers.</param>
    /// <param name="searchPath">Folders with colons between them, as the variable <c>PATH</c> has them.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="BackupException">9160 where a setting cannot be read.</exception>
    public MongodPrograms(IEnumerable<string> settings, string searchPath, TimeProvider time)
    {
        var set = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var setting in settings)
        {
            var equals = setting.IndexOf('=');
            var path = equals < 0 ? "" : setting[(equals + 1)..].Trim();
            if (
                path.Length == 0
                || MongodProgram.FamilyOf(setting[..equals].Trim()) is not { } family
                || family != setting[..equals].Trim()
                || !set.TryAdd(family, Path.GetFullPath(path))
            )
            {
                throw DaemonErrors.WrongMongodSetting(setting);
            }
        }

        (_set, _searchPath, _time) = (set, searchPath, time);
    }

    /// <summary>
    /// Asks each that is set for its version. One that cannot be used is told and keeps nothing else from going on: a backup is not to rest because a package
    /// was upgraded.
    /// </summary>
    /// <returns>9161 of the first that is not there, or another version; null where all can be used.</returns>
    public async Task<BackupException?> CheckAsync(CancellationToken cancellation = default)
    {
        try
        {
            foreach (var family in _set.Keys.Order(StringComparer.Ordinal))
            {
                _ = await OfSettingAsync(family, cancellation);
            }

            return null;
        }
        catch (BackupException unusable)
        {
            return unusable;
        }
    }

    /// <param name="family">The first two numbers of the version that is wanted.</param>
    /// <param name="source">Of the source, for the error.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="BackupException">9161, 9162 where there is none.</exception>
    internal async Task<MongodProgram> FindAsync(string family, string source, CancellationToken cancellation)
    {
        if (_set.ContainsKey(family))
        {
            return await OfSettingAsync(family, cancellation);
        }

        var found = await OnPathAsync(cancellation);
        if (found?.Family == family)
        {
            return found;
        }

        List<string> known = [.. _set.Keys.Order(StringComparer.Ordinal)];
        if (found is not null)
        {
            known.Add($"{found.Family} at '{found.Path}'");
        }

        throw DaemonErrors.NoMongod(family, source, known);
    }

    private async Task<MongodProgram> OfSettingAsync(string family, CancellationToken cancellation)
    {
        var path = _set[family];
        var why = "no such file";
        if (!File.Exists(path) || !_checked.TryGetValue(path, out var program))
        {
            (program, why) = await MongodProgram.AskAsync(path, _time, cancellation);
        }

        return program?.Family == family
            ? _checked[path] = program
            : throw DaemonErrors.UnusableMongod(family, path, program is null ? why : $"it is {program.Version}");
    }

    private async Task<MongodProgram?> OnPathAsync(CancellationToken cancellation)
    {
        var path = _searchPath
            .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Where(Path.IsPathRooted)
            .Select(static folder => Path.Combine(folder, "mongod"))
            .FirstOrDefault(File.Exists);
        return path is null ? null : (await MongodProgram.AskAsync(path, _time, cancellation)).Program;
    }
}
