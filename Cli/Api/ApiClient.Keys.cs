using Backup.WebUI.Contracts;

namespace Backup.Cli.Api;

/// <content>The keys that stored data is sealed under.</content>
internal sealed partial class ApiClient
{
    private const string EncryptionKeys = "/appliance/keys";

    internal Task<KeysView> EncryptionKeysAsync(CancellationToken cancellation) =>
        GetAsync<KeysView>(EncryptionKeys, cancellation);

    internal Task<KeysView> RotateKeysAsync(KeyRotation request, CancellationToken cancellation) =>
        PostAsync<KeyRotation, KeysView>($"{EncryptionKeys}/rotate", request, cancellation);

    internal Task<MasterRotatedView> RotateMasterAsync(CancellationToken cancellation) =>
        PostAsync<MasterRotatedView>($"{EncryptionKeys}/rotate-master", cancellation);

    internal Task<KeysView> ShredKeysAsync(KeyShredding request, CancellationToken cancellation) =>
        PostAsync<KeyShredding, KeysView>($"{EncryptionKeys}/shred", request, cancellation);
}
