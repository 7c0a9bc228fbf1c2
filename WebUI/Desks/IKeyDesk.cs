using Backup.WebUI.Contracts;

namespace Backup.WebUI.Desks;

/// <summary>The keys that what is stored is sealed under.</summary>
public interface IKeyDesk
{
    Task<KeysView> KeysAsync(CancellationToken cancellation);

    /// <summary>Makes a new generation of a group's data key, or of that of every group.</summary>
    Task<KeysView> RotateAsync(KeyRotation request, CancellationToken cancellation);

    /// <summary>Wraps all keys under the next master key.</summary>
    Task<MasterRotatedView> RotateMasterAsync(CancellationToken cancellation);

    /// <summary>Destroys all keys of a group, for ever.</summary>
    Task<KeysView> ShredAsync(KeyShredding request, CancellationToken cancellation);
}
