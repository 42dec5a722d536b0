/** A kind of name that is left alone: nobody dropped such a file to have it in FLORA, or not yet. */
export interface SkipRule {
  /**
   * A whole name in lower case; case does not matter, as it does not to the systems that these come from. `*` stands for any
   * characters, but behind the last dot of the pattern for none that is a dot (`a.sb-b.png` is a picture); `?` for one.
   */
  readonly pattern: string;
  readonly kind: 'file' | 'directory' | 'any';
  /** What such an entry is, for people. */
  readonly reason: string;
  /** Whose documents, or whose habits, the rule rests on. */
  readonly source: string;
}

const partial = 'a download or copy that is not finished';
const state = 'what a program notes down for itself';
const saving = 'what a program writes before it puts it in place of the old version';
const lock = 'the sign of a program that somebody has the document open';
const backup = 'the version before, kept by an editor';
const bin = 'what was deleted on this disk or share';
const previews = 'thumbnails and other caches, made from the pictures';
const system = 'what a system or a device keeps for itself';
const library = 'the inside of a photo library: export the pictures from it';

/**
 * Names that are skipped, in listings and as hints: neither sent nor rejected. Endings that only an unfinished file has are
 * safe to name; a pattern that a picture of somebody's could fit (`recycled`, `*.temp.*`) does not belong here, because what is
 * skipped is reported nowhere.
 */
export const skipRules: readonly SkipRule[] = [
  // Names that systems and programs hide, among them what rsync, Syncthing, Nextcloud, AzCopy (`.azDownload-…`), Android
  // (`.pending-…`), LibreOffice (`.~lock…#`), QNAP (`.@__thumb`) and macOS (`.DS_Store`, `._…`) write on their way.
  { pattern: '.*', kind: 'any', reason: 'a hidden file', source: 'POSIX shells, macOS Finder, the tools’ own docs' },
  { pattern: '*~', kind: 'any', reason: backup, source: 'Emacs manual, “Backup Names”; Vim, gedit' },
  { pattern: '~$*', kind: 'any', reason: lock, source: 'Microsoft Office, “owner file”' },

  { pattern: '*.tmp', kind: 'any', reason: partial, source: 'Windows, Adobe and Office programs, Syncthing' },
  { pattern: '*.temp', kind: 'file', reason: partial, source: 'several tools’ temporary files' },
  { pattern: '*.part', kind: 'any', reason: partial, source: 'Firefox, KDE, Transmission, yt-dlp, ownCloud' },
  { pattern: '*.part-frag*', kind: 'file', reason: partial, source: 'yt-dlp, fragments' },
  {
    pattern: '*.partial',
    kind: 'any',
    reason: partial,
    source: 'Internet Explorer, rclone --partial-suffix, IBM Aspera',
  },
  { pattern: '*.crdownload', kind: 'any', reason: partial, source: 'Chromium (Chrome, Edge, Brave, Vivaldi)' },
  { pattern: '*.crswap', kind: 'file', reason: saving, source: 'Chromium, File System Access API' },
  { pattern: '*.opdownload', kind: 'file', reason: partial, source: 'Opera' },
  { pattern: '*.wkdownload', kind: 'file', reason: partial, source: 'WebKitGTK (GNOME Web)' },
  { pattern: '*.download', kind: 'directory', reason: partial, source: 'Safari, download packages' },
  { pattern: '*.fdmdownload', kind: 'file', reason: partial, source: 'Free Download Manager' },
  { pattern: '*.dtapart', kind: 'file', reason: partial, source: 'DownThemAll!' },
  { pattern: '*.xltd', kind: 'file', reason: partial, source: 'Xunlei Thunder' },
  { pattern: '*.xltd.cfg', kind: 'file', reason: state, source: 'Xunlei Thunder' },
  { pattern: '*.jc!', kind: 'file', reason: partial, source: 'FlashGet' },
  { pattern: '*.!ut', kind: 'file', reason: partial, source: 'µTorrent' },
  { pattern: '*.!bt', kind: 'file', reason: partial, source: 'BitTorrent' },
  { pattern: '*.!qb', kind: 'file', reason: partial, source: 'qBittorrent' },
  { pattern: '*.bc!', kind: 'file', reason: partial, source: 'BitComet' },
  { pattern: '*.az!', kind: 'file', reason: partial, source: 'Azureus (Vuze)' },
  { pattern: '*.dctmp', kind: 'file', reason: partial, source: 'DC++' },
  { pattern: '*.!sync', kind: 'file', reason: partial, source: 'Resilio Sync' },
  { pattern: '*.filepart', kind: 'file', reason: partial, source: 'WinSCP, “Transfer to temporary filename”' },
  { pattern: '*.lftp-pget-status', kind: 'file', reason: state, source: 'lftp(1), pget -c' },
  { pattern: '*.aria2', kind: 'file', reason: state, source: 'aria2c(1), “Control File”' },
  { pattern: '*.aria2__temp', kind: 'file', reason: state, source: 'aria2, while it writes its control file' },
  { pattern: '*.aspera-ckpt', kind: 'file', reason: state, source: 'IBM Aspera ascp, resume' },
  { pattern: '*.ytdl', kind: 'file', reason: state, source: 'yt-dlp' },
  { pattern: '*.gstmp', kind: 'file', reason: partial, source: 'gsutil cp' },
  { pattern: '*.azdownload', kind: 'file', reason: partial, source: 'AzCopy' },
  { pattern: '*.megatmp', kind: 'file', reason: partial, source: 'MEGA' },
  { pattern: '*.incomplete', kind: 'file', reason: partial, source: 'huggingface_hub, several transfer tools' },
  { pattern: '*.downloading', kind: 'file', reason: partial, source: 'Baidu Netdisk' },
  { pattern: '*.uploading', kind: 'file', reason: partial, source: 'Baidu Netdisk' },
  { pattern: '*.downloading.cfg', kind: 'file', reason: state, source: 'Baidu Netdisk' },
  { pattern: '*.uploading.cfg', kind: 'file', reason: state, source: 'Baidu Netdisk' },
  { pattern: '*.ffs_tmp', kind: 'file', reason: partial, source: 'FreeFileSync' },
  { pattern: '*.ffs_db', kind: 'file', reason: state, source: 'FreeFileSync' },
  { pattern: '*.ffs_lock', kind: 'file', reason: state, source: 'FreeFileSync' },

  { pattern: '*.sb-*', kind: 'any', reason: saving, source: 'macOS, safe saving (NSDocument) on shares' },
  { pattern: '*.blend@', kind: 'file', reason: saving, source: 'Blender' },
  { pattern: '*.swp', kind: 'file', reason: lock, source: 'Vim, “swap-file”' },
  { pattern: '*.swo', kind: 'file', reason: lock, source: 'Vim, “swap-file”' },
  { pattern: '*.swn', kind: 'file', reason: lock, source: 'Vim, “swap-file”' },
  { pattern: '*.kate-swp', kind: 'file', reason: lock, source: 'Kate; Nextcloud’s exclude list' },
  { pattern: '#*#', kind: 'file', reason: saving, source: 'Emacs manual, “Auto Save Files”' },
  { pattern: '*.idlk', kind: 'file', reason: lock, source: 'Adobe InDesign' },
  { pattern: '*.prlock', kind: 'file', reason: lock, source: 'Adobe Premiere Pro' },
  { pattern: '*.lrcat.lock', kind: 'file', reason: lock, source: 'Adobe Lightroom Classic' },
  { pattern: '*.lrcat-journal', kind: 'file', reason: state, source: 'Adobe Lightroom Classic' },
  { pattern: '*.lrcat-wal', kind: 'file', reason: state, source: 'Adobe Lightroom Classic' },
  { pattern: '*.lrcat-shm', kind: 'file', reason: state, source: 'Adobe Lightroom Classic' },
  { pattern: '*.laccdb', kind: 'file', reason: lock, source: 'Microsoft Access' },
  { pattern: '*.dwl', kind: 'file', reason: lock, source: 'AutoCAD' },
  { pattern: '*.dwl2', kind: 'file', reason: lock, source: 'AutoCAD' },

  { pattern: '@eadir', kind: 'directory', reason: previews, source: 'Synology DSM' },
  { pattern: '@tmp', kind: 'directory', reason: system, source: 'Synology DSM' },
  { pattern: '#recycle', kind: 'directory', reason: bin, source: 'Synology DSM' },
  { pattern: '#snapshot', kind: 'directory', reason: system, source: 'Synology DSM' },
  { pattern: '*@synoeastream', kind: 'file', reason: system, source: 'Synology DSM, extended attributes' },
  { pattern: '*@synoresource', kind: 'file', reason: system, source: 'Synology DSM, extended attributes' },
  { pattern: '@recycle', kind: 'directory', reason: bin, source: 'QNAP QTS' },
  { pattern: '@recently-snapshot', kind: 'directory', reason: system, source: 'QNAP QTS' },
  { pattern: '~snapshot', kind: 'directory', reason: system, source: 'NetApp ONTAP, SMB shares' },
  { pattern: '$recycle.bin', kind: 'directory', reason: bin, source: 'Windows Vista and later' },
  { pattern: 'recycler', kind: 'directory', reason: bin, source: 'Windows XP' },
  { pattern: 'system volume information', kind: 'directory', reason: system, source: 'Windows' },
  { pattern: 'found.0??', kind: 'directory', reason: system, source: 'Windows chkdsk' },
  { pattern: 'thumbs.db', kind: 'file', reason: previews, source: 'Windows Explorer' },
  { pattern: 'thumbs.db:encryptable', kind: 'file', reason: previews, source: 'Windows Explorer, seen through Samba' },
  { pattern: 'ehthumbs.db', kind: 'file', reason: previews, source: 'Windows Media Center' },
  { pattern: 'ehthumbs_vista.db', kind: 'file', reason: previews, source: 'Windows Media Center' },
  { pattern: 'photothumb.db', kind: 'file', reason: previews, source: 'photo programs on Windows' },
  { pattern: 'desktop.ini', kind: 'file', reason: system, source: 'Windows Explorer' },
  // A colon stands as U+F03A in names that Cygwin, WSL or cifs mapped, and as U+F022 in those that a Mac did.
  { pattern: '*:zone.identifier', kind: 'file', reason: system, source: 'Windows, mark of the web' },
  { pattern: '*\uF03Azone.identifier', kind: 'file', reason: system, source: 'the same, by WSL and cifs' },
  { pattern: '*\uF022zone.identifier', kind: 'file', reason: system, source: 'the same, by macOS' },
  { pattern: 'lost+found', kind: 'directory', reason: system, source: 'ext2 to ext4, e2fsck(8)' },
  { pattern: 'lost.dir', kind: 'directory', reason: system, source: 'Android, on memory cards' },
  { pattern: 'icon\r', kind: 'file', reason: system, source: 'macOS Finder, folder icons' },
  { pattern: 'icon\uF00D', kind: 'file', reason: system, source: 'the same, on shares of Windows' },
  { pattern: '__macosx', kind: 'directory', reason: system, source: 'macOS Archive Utility, in ZIP archives' },
  { pattern: 'network trash folder', kind: 'directory', reason: bin, source: 'AFP servers (Netatalk)' },
  { pattern: 'thevolumesettingsfolder', kind: 'directory', reason: system, source: 'AFP servers (Netatalk)' },
  { pattern: '*.photoslibrary', kind: 'directory', reason: library, source: 'Apple Photos' },
  { pattern: '*.photolibrary', kind: 'directory', reason: library, source: 'Apple iPhoto' },
  { pattern: '*.migratedphotolibrary', kind: 'directory', reason: library, source: 'Apple Photos, from iPhoto' },
  { pattern: '*.aplibrary', kind: 'directory', reason: library, source: 'Apple Aperture' },
  { pattern: '*.lrdata', kind: 'directory', reason: previews, source: 'Adobe Lightroom Classic' },
  { pattern: '*.lrcat-data', kind: 'directory', reason: previews, source: 'Adobe Lightroom Classic' },
  { pattern: 'adobe bridge cache.bc', kind: 'file', reason: previews, source: 'Adobe Bridge' },
  { pattern: 'adobe bridge cache.bct', kind: 'file', reason: previews, source: 'Adobe Bridge' },
  { pattern: 'picasa.ini', kind: 'file', reason: state, source: 'Google Picasa' },
  { pattern: 'zbthumbnail.info', kind: 'file', reason: previews, source: 'Canon ZoomBrowser EX' },
  { pattern: '*.ctg', kind: 'file', reason: system, source: 'Canon cameras, CANONMSC' },
  { pattern: 'autprint.mrk', kind: 'file', reason: system, source: 'cameras, DPOF print orders' },
  { pattern: 'nikon001.dsc', kind: 'file', reason: system, source: 'Nikon cameras' },
  { pattern: 'nc_fllst.dat', kind: 'file', reason: system, source: 'Nikon cameras' },
];

/** Where the after-upload action moves files; in this spelling only. */
export const ownFolders: readonly string[] = ['_done', '_failed'];

/** The one name at the top of a drop folder that holds rules. */
export const ignoreFileName = '.floraignore';

/** How the directories begin in which files are on their way there. */
export const claimPrefix = '.flora-sync-';

/** A name beside another whose file (or, for some tools, directory) is not finished as long as this one is there. */
interface SidecarRule {
  /** As it is written behind the other's whole name, in this spelling. */
  readonly ending: string;
  readonly kind: 'file' | 'any';
  readonly source: string;
}

export const sidecarRules: readonly SidecarRule[] = [
  // Of a torrent with several files, the directory has it.
  { ending: '.aria2', kind: 'any', source: 'aria2c(1), “Control File”' },
  { ending: '.st', kind: 'file', source: 'axel(1), state file' },
  { ending: '.lftp-pget-status', kind: 'file', source: 'lftp(1), pget -c' },
  { ending: '.aspx', kind: 'file', source: 'IBM Aspera ascp, resume_suffix' },
  { ending: '.aspera-ckpt', kind: 'file', source: 'IBM Aspera ascp, resume' },
];
